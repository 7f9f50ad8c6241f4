"""Going past the gate: which server clients must be pointed at, and when that must not be done."""

from pathlib import Path
from typing import Any

import msgspec

from dco_gate import record, settings, signing, state
from dco_gate.control import Control
from dco_gate.errors import ConfigurationError, RefusedError, UnreachableError
from dco_gate.record import Records
from dco_gate.settings import Settings


class Bypass(msgspec.Struct, frozen=True, kw_only=True):
    """Where clients of a database must go, how that is known, and the parameter that tells them."""

    database: str
    server: str
    known_from: str
    parameter: str | None
    done: bool = False


def find(file: Path, found: Settings, database: str, records: Records, *, without_record: bool) -> Bypass:
    """Find the server that serves, with the gate dead or alive. Raises `RefusedError` while a switch is under way."""
    one = found.databases.get(database)
    if one is None:
        raise ConfigurationError(f"{file} names no database {database!r}", f"one of {', '.join(found.databases)}")
    key = signing.read_key(settings.place(file, found.control.key_file))
    try:
        status = Control(settings.address(found.control.listen), key).status()[database]
    except UnreachableError:
        server, source = _from_state(file, found, database, records, without_record=without_record)
    else:
        if status.held is not None:
            raise _under_way(database, status.held)
        server, source = status.serving, "the gate itself"
    return Bypass(database=database, server=server, known_from=source, parameter=one.bypass_parameter)


def execute(planned: Bypass) -> Bypass:
    """Set the parameter that clients read. May be repeated. Raises `ConfigurationError` without a parameter."""
    if planned.parameter is None:
        raise ConfigurationError(
            f"databases.{planned.database}.bypass_parameter is not set", f"point clients at {planned.server} by hand"
        )
    import boto3  # noqa: PLC0415 -- half a second that only this needs
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    aws: Any = boto3
    parameters: Any = aws.client("ssm")
    try:
        parameters.put_parameter(Name=planned.parameter, Value=planned.server, Type="String", Overwrite=True)
    except (BotoCoreError, ClientError) as error:
        raise UnreachableError(f"{planned.parameter} can't be set: {error}", "set it by hand") from None
    return msgspec.structs.replace(planned, done=True)


def runbook(planned: Bypass) -> list[str]:
    """Say what to do, in order."""
    if planned.parameter is None:
        tell = f"Point the clients of {planned.database} at {planned.server}."
    elif planned.done:
        tell = f"{planned.parameter} is now {planned.server}."
    else:
        tell = f"Set {planned.parameter} to {planned.server}: dco-gate bypass {planned.database} --execute"
    return [
        f"{planned.database} is served by {planned.server}; that is known from {planned.known_from}.",
        "Stop redeploys until the clients are back behind the gate (dco freeze): a switch would not move them.",
        f"Let the clients' network reach {planned.server}: databases admit only gates and a break-glass address.",
        tell,
        "Roll the services that read it.",
        "To go back: start the gate, see `dco-gate status`, set the address of the gate again, and roll once more.",
    ]


def _from_state(
    file: Path, found: Settings, database: str, records: Records, *, without_record: bool
) -> tuple[str, str]:
    """Find the server from what the gate left on its disk, and from the record."""
    left = state.read(settings.place(file, found.state_directory), database)
    if left is not None and left.hold is not None:
        decision = records.read(left.hold.switch)
        if decision is None:
            raise _under_way(database, left.hold.switch)
        return decision.servers[database], f"the record of switch {decision.switch}"
    one = found.databases[database]
    server = left.serving if left is not None else one.servers[one.serves]
    if without_record:
        return server, "the gate's state alone; a switch since then is not known of"
    newest: record.Decision | None = records.newest(database)
    if newest is not None and (left is None or newest.servers[database] != left.serving):
        return newest.servers[database], f"the record of switch {newest.switch}, which the gate had not obeyed yet"
    return server, "the gate's state and the record"


def _under_way(database: str, switch: str) -> RefusedError:
    return RefusedError(
        f"{database} is held for switch {switch}, which is not decided: nobody may choose a server now",
        "wait for its time box; dco-gate give-up ends it at once",
    )
