"""A plan as lines for people: on the screen, in notifications and where approval is asked for."""

from dco.model.change import Action, Change, Status
from dco.model.plan import Plan, Risk, Step

_NOTICED = 10
_ELSEWHERE = frozenset({"images", "neo4j", "libraries", "pins", "aws_offerings", "end_of_life"})
_VERBS = {
    "stack.apply": "applies the Terraform changes of stack",
    "image.build": "builds the image of",
    "service.roll": "rolls the services of",
    "drift.accept": "takes note of the drift of",
    "database.verify": "verifies the backup of",
    "database.join": "makes a second server, which follows, of",
    "database.prove": "compares the follower with a restore of",
    "database.warm": "warms the follower of",
    "database.switch": "moves the clients of",
    "database.clear": "lets go the volume of the retired server of",
    "database.retire": "ends the server that serves no more of",
    "workflow.accept": "takes note of the workflow",
}


def explain(plan: Plan) -> list[str]:
    """Return a plan's sentences: what it is, each step with reason and undo, what is not known, and what refuses it."""
    steps = f"{len(plan.steps)} step{'' if len(plan.steps) == 1 else 's'}"
    lines = [f"plan {plan.digest} for {plan.environment} at {plan.revision[:12]}: {steps}, risk {plan.risk}"]
    for number, step in enumerate(plan.steps, start=1):
        lines += _step(number, step)
    lines += [f"{_left_to(one)}: {one.component}: {one.reason}" for one in plan.changes if _is_left(one)]
    unasked = [change for change in plan.changes if change.action is Action.NONE]
    noticed = [f"{one.component}: {one.reason}" for one in unasked if one.status is Status.CHANGED]
    lines += [f"not known: {one.component}: {one.reason}" for one in unasked if one.status is not Status.CHANGED]
    lines += [f"noticed: {what}" for what in noticed[:_NOTICED]]
    if len(noticed) > _NOTICED:
        lines.append(f"noticed: {len(noticed) - _NOTICED} more, which `dco detect` shows")
    lines += [f"refused: {refusal}" for refusal in plan.refusals]
    return lines


def _is_left(change: Change) -> bool:
    """Tell whether a change asks for something that no step does: news from elsewhere is mended by a commit."""
    return change.source in _ELSEWHERE and change.action in {Action.REDEPLOY, Action.APPROVE}


def _left_to(change: Change) -> str:
    return "a redeploy of its own" if change.action is Action.REDEPLOY else "left to a person"


def _step(number: int, step: Step) -> list[str]:
    """Return a step's lines; one that can't be undone says so in capitals."""
    risk = f" (risk {step.risk})" if step.risk is not Risk.LOW else ""
    verb = _VERBS.get(step.operation, f"does {step.operation} for")
    lines = [f"{number}. {verb} {step.target}{_of(step)}{risk}", f"   because {step.reason}"]
    back = f"   undo: {step.undo}" if step.undo else "   NO WAY BACK from here on"
    return [*lines, back]


def _of(step: Step) -> str:
    """Return what a step's arguments say to a person."""
    if "addresses" in step.arguments:
        addresses = [str(address) for address in step.arguments["addresses"]]
        shown = ", ".join(addresses[:4]) or "outputs only"
        return f": {shown}" + (f" and {len(addresses) - 4} more" if len(addresses) > 4 else "")  # noqa: PLR2004
    if "image" in step.arguments:
        return f" to the released image {str(step.arguments['image']).rpartition('@')[2][:19]}"
    return ""
