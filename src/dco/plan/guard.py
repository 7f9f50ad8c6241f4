"""What a stack plan must never do, what it may only do when a person agrees, and what everybody should know of it.

Destroying, replacing or forgetting what holds data is refused, with the chain of reasons and the way out. Openings,
lost protections, widened policies, downtime, and every other replacement or destruction make the plan's risk high.
`docs/plan-review.md` has every rule with an example.
"""

from dataclasses import dataclass

from dco.model.environment import Stack
from dco.model.plan import Risk
from dco.model.stackplan import StackPlan
from dco.plan.losses import REVISIONS, because, holds_data, loss, refusals
from dco.plan.openings import openings
from dco.plan.radius import downtime, radius
from dco.plan.readdressed import Twins


@dataclass(frozen=True)
class Verdict:
    """What the guard says to a stack plan: why not, how risky, what a person should look at, and what it touches."""

    refusals: tuple[str, ...] = ()
    risk: Risk = Risk.MEDIUM
    notes: tuple[str, ...] = ()
    """Each makes the risk high."""
    told: tuple[str, ...] = ()
    """Counts, what is unknown until apply, whether downtime is expected."""


def inspect(
    name: str,
    stack: Stack,
    plan: StackPlan,
    slots: frozenset[str] = frozenset(),
    moved: frozenset[str] = frozenset(),
) -> Verdict:
    """Judge a stack plan.

    `slots` are the names of the SSM parameters that say what runs: they hold data, too. `moved` are the addresses of
    the data sources that resolve to something else than at the release.
    """
    twins = Twins(plan.resource_changes)
    refused = tuple(refusals(name, stack, plan, slots, moved, twins))
    notes: list[str] = []
    waits: list[str] = []
    for resource in plan.resource_changes:
        lost = loss(resource["change"]["actions"])
        harmless = lost == "replace" and resource["type"] in REVISIONS
        if lost and not harmless and not holds_data(resource, stack, slots):
            block = twins.proposal(resource)
            hint = f"; if it only got another address, add: {block}" if block else ""
            notes.append(f"{lost}s {resource['address']}{because(resource, moved)}{hint}")
        notes += openings(resource)
        waits += downtime(resource)
    if plan.deferred:
        notes.append(f"is not the whole plan: Terraform leaves {plan.deferred} for later")
    told = tuple(radius(plan, waits=bool(waits)))
    risk = Risk.HIGH if notes or refused or waits else Risk.MEDIUM
    return Verdict(refused, risk, (*notes, *waits), told)
