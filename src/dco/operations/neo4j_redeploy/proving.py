"""`database.prove`: what follows must hold what a restore holds, be consistent, and keep every invariant."""

import shutil
from dataclasses import dataclass
from typing import Any

from dco.model.backup import ProofWish
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, StepFailed
from dco.model.plan import Step
from dco.operations.neo4j_redeploy.places import Places, wanted
from dco.operations.operation import Facts
from dco.seams.outside import Outside


@dataclass(frozen=True)
class DatabaseProve:
    """Nothing that serves is touched, and nothing that is compared moves meanwhile.

    The follower rests at a transaction; the backup is restored to that very one, checked by Neo4j, started privately
    and compared with the follower. Then it follows again.
    """

    environment: Environment
    outside: Outside
    name: str = "database.prove"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Remember who serves and who follows. Raises `ConfigurationError` without a Neo4j to restore with."""
        if self.environment.backup.neo4j is None:
            raise ConfigurationError(
                "[backup] names no neo4j: nothing can be restored on this machine", "say where Neo4j is installed"
            )
        return {"servers": {name: done[f"database.join {step.target}"]["servers"][name] for name in wanted(step)}}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Begin nothing: a proof that was interrupted is made anew."""
        del step, before, token
        return {}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Prove one database after the other; return the verdicts. Raises `StepFailed` for what differs."""
        del step, begun
        return {"verdicts": {name: self._prove(name, **servers) for name, servers in before["servers"].items()}}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Let it follow again, wherever the proof broke off."""
        del step, token
        for name, servers in before["servers"].items():
            Places(self.environment, self.outside).carry(name, servers["serving"], servers["following"])

    def _prove(self, name: str, serving: str, following: str) -> str:
        return prove(self.environment, self.outside, name, serving, following)


def prove(environment: Environment, outside: Outside, name: str, serving: str, following: str) -> str:
    """Compare a follower, at rest, with a restore; return the verdict as a sentence. It follows again afterwards.

    Raises `StepFailed` for what differs.
    """
    places, scratch = Places(environment, outside), outside.directory / "proof" / name
    shutil.rmtree(scratch, ignore_errors=True)
    wish = ProofWish(
        database=name,
        server=following,
        into=str(scratch),
        neo4j=environment.backup.home(places.slot(name).version) or "",
    )
    try:
        places.carry(name, serving)
        verdict = outside.backups.prove(wish, lambda _: None)
    finally:
        places.carry(name, serving, following)
        shutil.rmtree(scratch, ignore_errors=True)
    if not verdict.good:
        said = "; ".join(str(one) for one in verdict.differences[:3]) or "an invariant does not hold"
        raise StepFailed(
            f"{name} at {following} does not hold what a restore of the backup holds: {said}",
            f"`dco journal` has all of it; `dco compare {name} {name}:follower` in a quiet moment tells more",
        )
    return (
        f"{name}: {verdict.a.nodes} nodes and {verdict.a.relationships} relationships equal at transaction "
        f"{verdict.transaction}, checked, {len(verdict.invariants)} invariants hold"
    )
