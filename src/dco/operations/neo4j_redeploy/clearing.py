"""`database.clear`: the volume of a server that was ended goes, after a last snapshot, once its days are over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dco.model.environment import Environment
from dco.model.errors import Refused, StepFailed
from dco.model.plan import Step
from dco.operations.neo4j_redeploy import shaping
from dco.operations.neo4j_redeploy.places import Places
from dco.operations.operation import Facts
from dco.record import bakes
from dco.seams.outside import Outside


@dataclass(frozen=True)
class DatabaseClear:
    """There is no way back from it but by the last snapshot, or by a restore."""

    environment: Environment
    outside: Outside
    name: str = "database.clear"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Demand that the volume is of a retired server, and kept for long enough. Raises `Refused`."""
        del done
        slot = self._places.slot(step.target)
        if slot.other is None:
            return {"colour": slot.other_colour}
        if slot.other.state != "retired":
            raise Refused(f"{step.target}'s second server is there and follows", "`dco status` says what for")
        ended = max((one.at for one in bakes.all_of(self.outside.objects) if step.target in one.databases), default="")
        days = self.environment.redeploy.keep_days
        if ended and (until := datetime.fromisoformat(ended) + timedelta(days=days)) > self._now:
            raise Refused(
                f"the volume of {step.target}'s retired server is kept until {until.isoformat(timespec='minutes')}",
                "wait, or lower redeploy.keep_days",
            )
        return {"colour": slot.other_colour}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Leave it out of the slot, and let Terraform take the volume away."""
        del token
        slot = self._places.slot(step.target)
        if slot.other is not None:
            self._places.put_slot(step.target, slot.alone())
        shaping.shape(self.environment, self.outside, shaping.clears({step.target: str(before["colour"])}))
        return {}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """The slot names one server."""
        del before, begun
        return {"slot": self._places.slot(step.target).text()}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Say that there is none."""
        del before, token
        raise StepFailed(f"the volume of {step.target} may be gone", "its last snapshot is in EC2")

    @property
    def _places(self) -> Places:
        return Places(self.environment, self.outside)

    @property
    def _now(self) -> datetime:
        return datetime.fromisoformat(self.outside.clock.now())
