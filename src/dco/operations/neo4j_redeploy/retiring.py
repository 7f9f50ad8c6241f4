"""`database.retire`: the last comparison, and the servers that served before are ended; their volumes stay."""

from dataclasses import dataclass
from typing import Any

import msgspec

from dco.model.environment import Environment
from dco.model.errors import StepFailed
from dco.model.plan import Step
from dco.operations.neo4j_redeploy import shaping
from dco.operations.neo4j_redeploy.places import Places
from dco.operations.neo4j_redeploy.proving import prove
from dco.operations.operation import Facts
from dco.seams.outside import Outside


@dataclass(frozen=True)
class DatabaseRetire:
    """There is no way back from it but by a restore, or by the volumes, which are kept for days."""

    environment: Environment
    outside: Outside
    name: str = "database.retire"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Compare what was left with a restore of what serves, the last time, unless the step names another proof.

        Raises `StepFailed` for a difference.
        """
        del done
        found: dict[str, Any] = {}
        for name, left in self._left(step).items():
            slot, addresses = self._places.slot(name), self._places.addresses(name)
            if slot.other is not None and slot.other.state == "retired":
                found[name] = {"comparison": slot.other.comparison, "backup": slot.other.backup}
                continue
            if addresses.get(slot.other_colour) != left:
                raise StepFailed(f"{name}: {left} is not the server that was left", "see its slot")
            copies = self.outside.backups.listing(name).copies
            if not copies:
                raise StepFailed(f"no backup of {name} is there", "look at `dco backup status`")
            comparison = str(step.arguments.get("proof", "")) or prove(
                self.environment, self.outside, name, addresses[slot.colour], left
            )
            found[name] = {"comparison": comparison, "backup": copies[-1].id}
        return {"proofs": found}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Let the stream carry to nobody, mark the slots, and let Terraform end the instances."""
        del token
        for name, left in self._left(step).items():
            if left in self._places.addresses(name).values():
                self._places.demand_idle(name, left)
        going: dict[str, str] = {}
        for name in self._left(step):
            slot = self._places.slot(name)
            going[name] = slot.other_colour
            self._places.carry(name, self._places.addresses(name)[slot.colour])
            if slot.other is not None and slot.other.state == "following":
                self._places.put_slot(name, slot.retired(**before["proofs"][name]))
        shaping.shape(self.environment, self.outside, shaping.ends(going))
        for name in going:
            for gate in self._places.gates(name).values():
                gate.prepare(name, None)
                gate.offer(name, ())
        return {}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Every slot says it, and only the servers that serve are there."""
        del begun
        for name, left in self._left(step).items():
            if left in self._places.addresses(name).values():
                raise StepFailed(f"{name}: the server at {left} is still there", "look at the stack's plan")
        return {"proofs": before["proofs"]}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Say that there is none. What was only compared is as before."""
        del before, token
        others = [self._places.slot(name).other for name in self._left(step)]
        if any(other is not None and other.state == "retired" for other in others):
            raise StepFailed(
                f"{step.target}: what was retired does not come back", "its volume and its backup are kept"
            )

    @property
    def _places(self) -> Places:
        return Places(self.environment, self.outside)

    def _left(self, step: Step) -> dict[str, str]:
        told = msgspec.convert(step.arguments["databases"], dict[str, dict[str, str]])
        return {name: one["address"] for name, one in told.items()}
