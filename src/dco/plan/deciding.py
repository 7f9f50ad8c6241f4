"""What policy makes of the changes that were found: ignored for a while, waiting for one another, or as they are.

Pure. What could not be read stays so: nobody can ignore what nobody knows.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

from dco.model.change import Action, Change, ChangeSet
from dco.model.plan import Risk, Step
from dco.model.policy import Ignore, Policy

_COMPONENTS = {"stack.apply": "stack", "image.build": "application", "service.roll": "application",
               "workflow.accept": "workflow", "drift.accept": "drift"}  # fmt: skip


def decide(policy: Policy, changes: ChangeSet, today: str) -> ChangeSet:
    """Return the changes with what policy puts off put off, each with its reason. `today` is an ISO date or time."""
    kept = tuple(_ignored(policy, change, today[:10]) for change in changes.changes)
    for group in policy.together:
        kept = _together(group, kept)
    return ChangeSet(kept)


def by_policy(policy: Policy, step: Step) -> Step:
    """Return a step with the risk that policy gives it: high for what is always asked, low for what is automatic.

    What the guard or a source makes high stays high.
    """
    component = f"{_COMPONENTS.get(step.operation, step.operation)}:{step.target}"
    if _fits(policy.always_ask, component):
        return msgspec.structs.replace(step, risk=Risk.HIGH, reason=f"{step.reason}; policy.always_ask names it")
    if step.risk is Risk.MEDIUM and _fits(policy.automatic, component):
        return msgspec.structs.replace(step, risk=Risk.LOW, reason=f"{step.reason}; policy.automatic names it")
    return step


def _fits(patterns: Iterable[str], component: str) -> bool:
    return any(fnmatchcase(component, pattern) for pattern in patterns)


def _ignored(policy: Policy, change: Change, today: str) -> Change:
    if change.action is Action.NONE:
        return change
    fitting = [one for one in policy.ignore if fnmatchcase(change.component, one.component)]
    valid = next((one for one in fitting if today <= one.until), None)
    if valid is not None:
        return _put_off(change, f"ignored until {valid.until}, since {valid.why}")
    if fitting:
        return msgspec.structs.replace(change, reason=f"{change.reason}; {_ended(fitting[-1])}")
    return change


def _ended(ignore: Ignore) -> str:
    return f"it was to be ignored until {ignore.until} ({ignore.why}), which is over"


def _together(group: Iterable[str], changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Let a group's changes wait until each of its patterns has something to do."""
    ready = [change.component for change in changes if change.action is not Action.NONE]
    patterns = list(group)
    missing = [pattern for pattern in patterns if not any(fnmatchcase(one, pattern) for one in ready)]
    if not missing or len(missing) == len(patterns):
        return changes
    why = f"waits for {', '.join(missing)}: policy.together lets them move at the same time only"
    blocked = Action.BLOCK
    return tuple(
        _put_off(one, why) if one.action not in {Action.NONE, blocked} and _fits(patterns, one.component) else one
        for one in changes
    )


def _put_off(change: Change, why: str) -> Change:
    return msgspec.structs.replace(change, action=Action.NONE, put_off=why, reason=f"{why}: {change.reason}")
