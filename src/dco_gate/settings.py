"""`gate.toml`, read once into a frozen value. `example.toml` beside this file shows every key."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal, cast, get_args

import msgspec

from dco_gate import servers
from dco_gate.errors import ConfigurationError

FILE = "gate.toml"
LARGEST_PORT = 65_535


class Address(msgspec.Struct, frozen=True):
    """Where to listen."""

    host: str
    port: int


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where decisions are kept."""

    bucket: str
    prefix: str = ""


class Control(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the gate takes orders, and the file with the key that proves them."""

    listen: str
    key_file: str


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One database: where clients find it, and its servers."""

    listen: str
    advertised: str
    servers: dict[Literal["blue", "green"], str]
    serves: Literal["blue", "green"] = "blue"
    ca_file: str | None = None
    certificate: str | None = None
    private_key: str | None = None
    bypass_parameter: str | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a `gate.toml` says."""

    state_directory: str
    record: Record
    control: Control
    databases: dict[str, DatabaseSettings]
    drain_seconds: float = 30.0
    sample_queries: bool = True


def read(file: Path) -> Settings:
    """Read a file. Raises `ConfigurationError` with the key that is wrong and what it should be."""
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file} can't be read: {error.strerror}", "name it: --config FILE") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{file} is no TOML: {error}", "mend that line") from None
    _refuse_unknown(file, found, Settings, "")
    try:
        settings = msgspec.convert(found, Settings)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{file}: {str(error).replace('`$.', '`')}", "docs/gate.md shows every key") from None
    _refuse_senseless(file, settings)
    return settings


def address(text: str) -> Address:
    """Read host:port. Raises `ConfigurationError`."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > LARGEST_PORT:
        raise ConfigurationError(f"{text!r} is no address to listen on", "for example: 10.0.1.5:7687")
    return Address(host.strip("[]"), int(port))


def place(file: Path, name: str) -> Path:
    """Give the path of a file that the settings name: beside them unless it is absolute."""
    return file.parent / name


def _refuse_senseless(file: Path, settings: Settings) -> None:
    if not settings.databases:
        raise ConfigurationError(f"{file} names no database", "add [databases.NAME]")
    address(settings.control.listen)
    for name, one in settings.databases.items():
        if not name.replace("-", "").replace("_", "").isalnum():
            raise ConfigurationError(f"{file}: databases.{name}: no name of a file", "use letters, digits, - and _")
        address(one.listen)
        for uri in one.servers.values():
            servers.parse(uri)
        if one.serves not in one.servers:
            raise ConfigurationError(f"{file}: databases.{name}.servers has no {one.serves!r}", "name that server")
        if (one.certificate is None) != (one.private_key is None):
            raise ConfigurationError(f"{file}: databases.{name}: one of certificate and private_key is missing", "both")


def _refuse_unknown(file: Path, found: Any, kind: Any, where: str) -> None:
    """Refuse keys that no struct has, with the nearest one that it has."""
    if not isinstance(found, dict):
        return
    table = cast("dict[str, Any]", found)
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        for key, value in table.items():
            _refuse_unknown(file, value, (get_args(kind) or (None,))[-1], f"{where}{key}.")
        return
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in table.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, 1, 0.4) or sorted(fields)
            raise ConfigurationError(f"{file}: there is no key {where}{key}", f"did you mean {near[0]!r}?")
        _refuse_unknown(file, value, fields[key], f"{where}{key}.")
