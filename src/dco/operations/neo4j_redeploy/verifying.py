"""`database.verify`: every byte of the backup that a restore to now needs is read, and is as it was written."""

from dataclasses import dataclass
from typing import Any

from dco.model.environment import Environment
from dco.model.errors import StepFailed
from dco.model.plan import Step
from dco.operations.neo4j_redeploy.places import wanted
from dco.operations.operation import Facts
from dco.seams.outside import Outside


@dataclass(frozen=True)
class DatabaseVerify:
    """Reads only."""

    environment: Environment
    outside: Outside
    name: str = "database.verify"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Nothing is to be remembered."""
        del step, done
        return {"since": self.outside.clock.now()}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Begin nothing."""
        del step, before, token
        return {}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Verify each. Raises `StepFailed`, naming what is damaged and what can still be restored."""
        del before, begun
        return {"verified": {name: self._verify(name) for name in wanted(step)}}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Nothing was changed."""

    def _verify(self, name: str) -> str:
        found = self.outside.backups.verify(name, None, 1.0, lambda _: None)
        if not found.sound:
            harm = [f"{one.key}: {one.why}" for one in found.harm[:3]] + [*found.broken_off[:3]]
            raise StepFailed(
                f"the backup of {name} is damaged: {'; '.join(harm)}",
                f"`dco backup list {name}` shows what can still be restored; `dco backup now {name}` takes a new copy",
            )
        return f"{found.objects} objects, {found.bytes} bytes"
