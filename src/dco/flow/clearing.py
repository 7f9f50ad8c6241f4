"""Letting the volume of a retired server go, told as a story."""

import msgspec

from dco.flow import ending
from dco.flow.patience import patient
from dco.flow.tonight import Tonight
from dco.flow.updating import Updated, carrier_of, take_lock
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, DcoError
from dco.model.offering import OfferingEnd
from dco.model.outcome import Report
from dco.model.plan import Plan
from dco.plan.redeploying import clear
from dco.record import releases

MARK = "-clear"
"""What the id of a clearing ends with."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Whose volumes are to go."""

    environment: Environment
    began: str
    databases: tuple[str, ...]


def tell(tonight: Tonight, request: Request) -> Report:
    """Let the volumes of retired servers go; whatever happens is in the report."""
    tonight = patient(tonight)
    try:
        plan = tonight.steps.run("plan", Plan, lambda: _compile(tonight, request))
        tonight.steps.run("take the lock", bool, lambda: take_lock(tonight, plan))
        carrier = carrier_of(tonight, plan)
        carrier.forward(tonight.steps, plan)
        done = Updated(steps=tuple(carrier.records), done=carrier.done)
        nothing = OfferingEnd(well=True, sentence="no offering: volumes are cleared")
        return ending.closed(tonight, request.began, nothing, plan, done, "a person asked for it")
    except DcoError as error:
        return ending.failed(tonight, request.began, error)


def _compile(tonight: Tonight, request: Request) -> Plan:
    released = releases.read(tonight.outside.objects)
    if released is None:
        raise ConfigurationError("there is no release record", "run `dco adopt` once")
    return clear(tonight.environment.name, released, request.databases)
