"""A second server's first copy as an EBS snapshot: taken while the source holds its checkpoints off."""

from dataclasses import dataclass

from dco.model.errors import StepFailed
from dco.model.slot import Slot
from dco.model.switch import NAMES
from dco.operations.neo4j_redeploy.places import Places

HOLD_SECONDS = 120
POLL_SECONDS = 2.0
TRIES = 3


@dataclass(frozen=True)
class Snapshots:
    """Takes and deletes the snapshots of one step, told by its token."""

    places: Places
    token: str

    def take(self, name: str, slot: Slot) -> str:
        """Return a snapshot of the serving server's volume from which volumes can be made.

        One that a checkpoint overlapped, or of which nobody knows, is thrown away. Raises `StepFailed` when none came.
        """
        volumes, key = self.places.outside.volumes, self._key(name)
        for _ in range(TRIES):
            volumes.forget(key)
            found = self._held(name, slot)
            if found is not None:
                self._await(name, found)
                return found
        raise StepFailed(
            f"checkpoints came into every one of {TRIES} snapshots of {name}",
            'try again, or set redeploy.seed = "bolt"',
        )

    def forget(self, name: str) -> None:
        """Delete it; the volume that was made from it stays."""
        self.places.outside.volumes.forget(self._key(name))

    def _key(self, name: str) -> str:
        return f"{self.token}/{name}"

    def _held(self, name: str, slot: Slot) -> str | None:
        """Take one while both databases hold; None when a hold did not last."""
        server = self.places.server(name, self.places.addresses(name)[slot.colour])
        lease = f"snapshot-{self._key(name)}"
        try:
            for part in NAMES:
                server.hold(part, lease, HOLD_SECONDS)
            tags = {"dco:database": name, "dco:colour": slot.colour}
            found = self.places.outside.volumes.snapshot(tags, self._key(name))
        finally:
            lasted = [server.release(part, lease) for part in NAMES]
        return found if all(lasted) else None

    def _await(self, name: str, snapshot: str) -> None:
        clock = self.places.outside.clock
        minutes = self.places.environment.redeploy.follow_minutes
        deadline = clock.seconds() + minutes * 60
        while not self.places.outside.volumes.is_complete(snapshot):
            if clock.seconds() > deadline:
                raise StepFailed(f"the snapshot of {name} was not complete within {minutes:.0f} minutes", "try again")
            clock.sleep(POLL_SECONDS)
