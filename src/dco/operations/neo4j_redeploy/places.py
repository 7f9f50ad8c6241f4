"""Where a database's servers are, as its parameters say, and who serves."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from dco.model import slot
from dco.model.databases import Database
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, StepFailed, Unreadable
from dco.model.plan import Step
from dco.model.redeploy import Wanted
from dco.model.slot import Colour, Slot
from dco.model.switch import NAMES
from dco.operations.operation import Facts
from dco.seams.gates import GateControl
from dco.seams.outside import Outside
from dco.seams.servers import Server


class Servers(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the stream reads: which server's log it keeps, and to whom it carries it."""

    source: str
    follower: str | None = None


@dataclass(frozen=True)
class Places:
    """Reads and writes the parameters of databases. Raises `ConfigurationError` for what is not as it must be."""

    environment: Environment
    outside: Outside

    def database(self, name: str) -> Database:
        """Return a configured database."""
        if name not in self.environment.databases:
            known = ", ".join(sorted(self.environment.databases)) or "none"
            raise ConfigurationError(f"dco.toml has no [databases.{name}]", f"it has: {known}")
        return self.environment.databases[name]

    def slot(self, name: str) -> Slot:
        """Return a database's slot."""
        parameter = self.database(name).slot
        return slot.read(self._value(parameter), parameter)

    def slot_before(self, before: Facts, name: str) -> Slot:
        """Return the slot of a database that a step's `check` remembered under `slots`."""
        return slot.read(before["slots"][name], self.database(name).slot)

    def put_slot(self, name: str, value: Slot) -> None:
        """Set a database's slot."""
        self.outside.parameters.put(self.database(name).slot, value.text())

    def addresses(self, name: str) -> dict[Colour, str]:
        """Return the address of each server that Terraform made, by its colour."""
        parameter = _named(name, "addresses_parameter", self.database(name).addresses_parameter)
        try:
            return msgspec.json.decode(self._value(parameter), type=dict[Colour, str])
        except msgspec.MsgspecError as error:
            raise ConfigurationError(
                f"parameter {parameter} can't be read: {error}", 'it must be {"blue": "bolt://…"}'
            ) from None

    def carried(self, name: str) -> Servers:
        """Return whose log the stream keeps, and to whom it carries it."""
        parameter = _named(name, "servers_parameter", self.database(name).servers_parameter)
        try:
            return msgspec.json.decode(self._value(parameter), type=Servers)
        except msgspec.MsgspecError as error:
            raise ConfigurationError(
                f"parameter {parameter} can't be read: {error}", 'it must be {"source": "bolt://…"}'
            ) from None

    def carry(self, name: str, source: str, follower: str | None = None) -> None:
        """Let the stream keep a server's log, and carry it to another one."""
        parameter = _named(name, "servers_parameter", self.database(name).servers_parameter)
        self.outside.parameters.put(parameter, msgspec.json.encode(Servers(source, follower)).decode())

    def server(self, name: str, address: str) -> Server:
        """Return a server of a database."""
        return self.outside.servers.at(self.database(name), address)

    def gates(self, name: str) -> Mapping[str, GateControl]:
        """Return the gates of a database by their addresses; none where it has none."""
        gate = self.database(name).gate
        return self.outside.gates.controls(gate) if gate else {}

    def demand_idle(self, name: str, address: str) -> None:
        """Make sure that a server, which is to be ended, serves nobody, whatever the slot says.

        Raises `StepFailed` when a gate serves it or it takes writes. One that is dead takes none.
        """
        for gate, control in self.gates(name).items():
            if control.standing(name).serving == address:
                raise StepFailed(
                    f"{name} at {address} is what the gate at {gate} serves: it is not ended", "docs/switch.md"
                )
        with suppress(Unreadable):
            if not all(self.server(name, address).stand(part).fenced for part in NAMES):
                raise StepFailed(f"{name} at {address} takes writes: it is not ended", "docs/switch.md says who serves")

    def _value(self, parameter: str) -> str:
        text = self.outside.parameters.get(parameter)
        if text is None:
            raise Unreadable(f"there is no parameter {parameter}", "apply Terraform, or correct dco.toml")
        return text


def wanted(step: Step) -> dict[str, Wanted]:
    """Return what a step is to bring about, by the database's name."""
    return msgspec.convert(step.arguments["databases"], dict[str, Wanted])


def _named(name: str, key: str, parameter: str | None) -> str:
    if parameter is None:
        raise ConfigurationError(
            f"[databases.{name}] has no {key}", "a database is redeployed with it alone: docs/redeploy.md"
        )
    return parameter
