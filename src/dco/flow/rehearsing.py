"""The dry run: the night's own road, stopped before the first write."""

import msgspec

from dco.approve import policy
from dco.approve.calendar import closed
from dco.detect.releasing import released_of
from dco.flow.looking import Seen, see, sentence_of
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError
from dco.model.plan import Plan
from dco.model.release import Release
from dco.plan.build import build
from dco.record import freezes, quarantine, releases
from dco.seams.objects import Objects
from dco.seams.outside import Outside


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What a night would do if it began now, and what would stop it."""

    plan: Plan
    digest: str
    risk: str
    asks: bool
    """True when the policy wants people to approve it."""
    approvals: int
    stops: tuple[str, ...]
    """Why it would not start, each as a sentence; empty when it would."""


def rehearse(environment: Environment, outside: Outside) -> Rehearsal:
    """Look and plan as a night does, and tell what would stop it; writes nothing to AWS."""
    seen = see(environment, outside)
    plan = build(environment, seen.released, seen.look, seen.revision)
    return Rehearsal(
        plan=plan,
        digest=plan.digest,
        risk=plan.risk,
        asks=bool(plan.steps) and policy.asks(environment.policy, plan),
        approvals=environment.policy.approvals,
        stops=_stops(environment, outside, seen, plan),
    )


def _stops(environment: Environment, outside: Outside, seen: Seen, plan: Plan) -> tuple[str, ...]:
    stops: list[str] = []
    unread = (change for change in seen.changes.unread() if environment.stops_at(change.source))
    stops += [f"can't tell what changed: {sentence_of(change)}" for change in unread]
    stops += [f"the plan is refused: {refusal}" for refusal in plan.refusals]
    if not plan.steps:
        return tuple(stops)
    if environment.mode == "observe":
        stops.append('mode = "observe": a night only reports')
    for kept in quarantine.find(outside.objects, plan):
        stops.append(f"night {kept.night} rolled this back: {kept.why}; `dco release {kept.goal}` lets it in again")
    if shut := closed(environment.policy, freezes.all_of(outside.objects), outside.clock.now()):
        stops.append(shut)
    return tuple(stops)


def compare(  # it may start from two kinds of past
    environment: Environment, outside: Outside, since: str | None, until: str | None, night: str | None = None
) -> Seen:
    """Look at everything; with `since` as if that commit's files had been released, with `until` at that commit's.

    With `night` as if what that night had released were the last release.
    """
    released = None
    if night is not None:
        released = _as_if(releases.read(outside.objects), released_after(outside.objects, night))
    elif since is not None:
        present = releases.read(outside.objects)
        released = _as_if(present, released_of(environment, outside.source, outside.source.resolve(since)))
    return see(environment, outside, released, outside.source.resolve(until) if until else "")


def released_after(objects: Objects, night: str) -> Release:
    """Return what was released when a night had ended. Raises `ConfigurationError` before the first release."""
    until_then = [each for each in releases.nights(objects) if each <= night]
    found = releases.of_night(objects, until_then[-1]) if until_then else None
    if found is None:
        raise ConfigurationError(
            f"nothing had been released when night {night} ended", "`dco history` lists the nights"
        )
    return found


def _as_if(present: Release | None, files: Release) -> Release:
    """Return the present release with the files of another commit: what runs is still compared with what was released.

    Raises `ConfigurationError` before the first release.
    """
    if present is None:
        raise ConfigurationError(
            "nothing was ever released: what runs can't be compared",
            "run `dco adopt` once, or look at the files alone with --offline",
        )
    applications = {
        name: msgspec.structs.replace(one, content=files.applications[name].content)
        for name, one in present.applications.items()
        if name in files.applications
    }
    stacks = {
        name: msgspec.structs.replace(one, data_sources=present.stacks[name].data_sources)
        for name, one in files.stacks.items()
        if name in present.stacks
    }
    return msgspec.structs.replace(
        present, revision=files.revision, applications=applications, stacks=stacks, workflows=files.workflows
    )
