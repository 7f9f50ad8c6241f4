"""`database.upgrade`: a newer Neo4j writes its own format, once no older server has to follow it any more."""

from dataclasses import dataclass
from typing import Any

import msgspec

from dco.model.environment import Environment
from dco.model.errors import StepFailed
from dco.model.plan import Step
from dco.operations.neo4j_redeploy.places import Places
from dco.operations.operation import Facts
from dco.seams.outside import Outside

WAIT_SECONDS = 30.0
"""How long the next write of a client, which brings the format with it, is waited for."""
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class DatabaseUpgrade:
    """There is no way back from it: an older version can't read what is written from then on."""

    environment: Environment
    outside: Outside
    name: str = "database.upgrade"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Demand that the servers that were left are gone, and remember who serves and in which format."""
        del done
        places = Places(self.environment, self.outside)
        servers: dict[str, str] = {}
        for name, one in _told(step).items():
            addresses = places.addresses(name)
            if one["address"] in addresses.values():
                raise StepFailed(
                    f"{name}: the older server at {one['address']} is still there", "it must be retired before"
                )
            servers[name] = addresses[places.slot(name).colour]
        formats = {name: places.server(name, address).format() for name, address in servers.items()}
        return {"servers": servers, "formats": formats}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Let each write its own format; return which that is."""
        del step, token
        places = Places(self.environment, self.outside)
        return {"formats": {name: places.server(name, at).upgrade() for name, at in before["servers"].items()}}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Wait a while for a write that brings it; a database that nobody writes is left to its next one."""
        del step
        clock = self.outside.clock
        deadline = clock.seconds() + WAIT_SECONDS
        places = Places(self.environment, self.outside)
        for name, address in before["servers"].items():
            server = places.server(name, address)
            while server.format() != begun["formats"][name] and clock.seconds() < deadline:
                clock.sleep(POLL_SECONDS)
        return {"before": before["formats"], "since": begun["formats"]}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Say that there is none."""
        del before, token
        raise StepFailed(f"{step.target}: what was upgraded is not written in the older format again", "restore a copy")


def _told(step: Step) -> dict[str, dict[str, str]]:
    return msgspec.convert(step.arguments["databases"], dict[str, dict[str, str]])
