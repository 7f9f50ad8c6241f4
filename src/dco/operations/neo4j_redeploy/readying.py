"""`database.warm`: what the gates saw is run on the new servers and rolled back, so that no client waits for it."""

from dataclasses import dataclass
from typing import Any

import msgspec

from dco.model.environment import Environment
from dco.model.plan import Step
from dco.operations.neo4j_redeploy.places import Places, wanted
from dco.operations.operation import Facts
from dco.operations.warming import Warmed, warm
from dco.seams.outside import Outside


@dataclass(frozen=True)
class DatabaseWarm:
    """May run any number of times: nothing is kept of it but warmth."""

    environment: Environment
    outside: Outside
    name: str = "database.warm"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Remember who follows."""
        return {"servers": {name: done[f"database.join {step.target}"]["servers"][name] for name in wanted(step)}}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Begin nothing."""
        del step, before, token
        return {}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Warm each; return how many queries ran there."""
        del begun
        return {
            "warmed": {name: msgspec.to_builtins(self._warm(name, before["servers"][name])) for name in wanted(step)}
        }

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Nothing was changed."""

    def _warm(self, name: str, servers: dict[str, str]) -> Warmed:
        places = Places(self.environment, self.outside)
        queries = [query for gate in places.gates(name).values() for query in gate.queries(name)]
        return warm(places.server(name, servers["following"]), queries)
