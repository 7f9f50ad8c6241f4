"""The night, told as a story: offering, look, plan, ask, update, record, end."""

import msgspec

from dco.flow import ending, looking, offering
from dco.flow.asking import ask
from dco.flow.patience import patient
from dco.flow.tonight import Tonight
from dco.flow.updating import update
from dco.model.environment import Environment
from dco.model.errors import DcoError, OfferingFailed
from dco.model.offering import OfferingEnd
from dco.model.outcome import Report


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a night is started with: as stored, so that a resumed night has the configuration it began with."""

    environment: Environment
    began: str
    skip_offering: bool = False
    """The offering has ended well before; it is not started again."""


def night(tonight: Tonight, request: Request) -> Report:
    """Run one night to its end; whatever happens is in the report, which says what serves now."""
    tonight = patient(tonight)
    try:
        offered = _no_offering(tonight) if request.skip_offering else _offering(tonight)
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


def _no_offering(tonight: Tonight) -> OfferingEnd:
    """Make sure that no offering runs. Raises `OfferingFailed` when one does."""
    environment, outside = tonight.environment, tonight.outside

    def look() -> OfferingEnd:
        if runs := offering.running(environment, outside):
            raise OfferingFailed(f"an offering runs: {runs}", "start the night again when it has ended")
        return OfferingEnd(well=True, sentence="no offering was started: a person skipped it, and none runs")

    skipped = tonight.steps.run("skip offering", OfferingEnd, look)
    tonight.say("night", f"night {tonight.key}: {skipped.sentence}")
    return skipped
