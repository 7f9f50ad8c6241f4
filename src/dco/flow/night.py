"""The night, told as a story: offering, look, plan, ask, update, record, end."""

import msgspec

from dco.flow import ending, looking, offering
from dco.flow.asking import ask
from dco.flow.tonight import Tonight
from dco.flow.updating import update
from dco.model.environment import Environment
from dco.model.errors import DcoError
from dco.model.offering import OfferingEnd
from dco.model.outcome import Report


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a night is started with: as stored, so that a resumed night has the configuration it began with."""

    environment: Environment
    began: str


def night(tonight: Tonight, request: Request) -> Report:
    """Run one night to its end; whatever happens is in the report, which says what serves now."""
    try:
        offered = _offering(tonight)
        looking.enter(tonight)
        seen = looking.look(tonight)
        if seen.changes.quiet():
            return ending.quiet(tonight, request.began, offered, seen)
        plan = looking.plan(tonight, seen)
        if tonight.environment.mode == "observe" or not plan.steps:
            return ending.observed(tonight, request.began, offered, plan)
        agreed = ask(tonight, plan)
        return ending.closed(tonight, request.began, offered, plan, update(tonight, plan), agreed)
    except DcoError as error:
        return ending.failed(tonight, request.began, error)


def _offering(tonight: Tonight) -> OfferingEnd:
    """Run the offering and wait for its end, before anything else can fail. Raises `OfferingFailed`."""
    kind = tonight.environment.offering
    begun = tonight.steps.run(
        "begin offering", offering.Begun, lambda: offering.begin(kind, tonight.outside, tonight.key)
    )
    ended = tonight.steps.run(
        "await offering", OfferingEnd, lambda: offering.end(kind, tonight.environment, tonight.outside, begun)
    )
    tonight.say("night", f"night {tonight.key}: {ended.sentence}")
    return ended
