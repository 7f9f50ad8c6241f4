"""`dco.toml`, read once into a frozen `Environment`."""

import difflib
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from cronsim import CronSim, CronSimError

from dco.model.environment import Aws, Environment, ObservedOffering, Offering
from dco.model.errors import ConfigurationError, DcoError

FILE = "dco.toml"
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
_ANY = re.compile(r"`\$\.(?P<path>[^`\[\]]*)\[\.\.\.\]")
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]+)`(?: - at `\$?\.?(?P<path>[^`]*)`)?")
_MISSING = re.compile(r"missing required field `(?P<key>[^`]+)`(?: - at `\$?\.?(?P<path>[^`]*)`)?")
_ELSE = re.compile(r"(?P<what>.*) - at `\$?\.?(?P<path>[^`]*)`")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a `dco.toml` says: all of it, or what is wrong with it and the offering if at least that could be read."""

    directory: Path
    """Where the file lies; the repository and relative paths are there."""
    environment: Environment | None
    offering: Offering | None
    aws: Aws | None = None
    trouble: DcoError | None = None

    def needed(self) -> Environment:
        """Return the environment. Raises `ConfigurationError` when the file is not as it must be."""
        if self.environment is None:
            raise self.trouble or ConfigurationError(f"{FILE} can't be read")
        return self.environment


def read(directory: Path) -> Settings:
    """Read a directory's `dco.toml`. Raises `ConfigurationError` only when not even the offering can be read."""
    file = directory / FILE
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"there is no {FILE} in {directory}", "`dco init` writes one") from None
    except OSError as error:
        raise ConfigurationError(
            f"{file} can't be read: {error.strerror}", "it must be a file that we may read"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is no TOML: {error}", "mend that line") from None
    except RecursionError:
        raise ConfigurationError(f"{file} is nested too deeply", "no key of dco.toml is") from None
    try:
        environment = msgspec.convert(data, Environment)
    except msgspec.ValidationError as error:
        trouble = _explain(file, _named(data, str(error)))
        offering: Offering | None = _part(data.get("offering"), Offering)
        aws: Aws | None = _part(data.get("aws"), Aws)
        return Settings(directory=directory, environment=None, offering=offering, aws=aws, trouble=trouble)
    offering, aws = environment.offering, environment.aws
    if wrong := _senseless(environment):
        trouble = ConfigurationError(f"{file}: {wrong[0]}", f"for example: {wrong[1]}")
        return Settings(directory=directory, environment=None, offering=offering, aws=aws, trouble=trouble)
    return Settings(directory=directory, environment=environment, offering=offering, aws=aws)


def _senseless(environment: Environment) -> tuple[str, str] | None:
    """Return what is of the right type and yet can't be meant, with an example; None when all makes sense."""
    offering, schedule, policy = environment.offering, environment.schedule, environment.policy
    for where, name in (
        ("offering.quiet.database", offering.quiet.database if offering.quiet else None),
        ("offering.database", offering.database if isinstance(offering, ObservedOffering) else None),
        *((f"images.{key}.database", image.database) for key, image in environment.images.items()),
    ):
        if name is not None and name not in environment.databases:
            known = ", ".join(sorted(environment.databases)) or "none"
            return f"{where}: there is no [databases.{name}] (there is: {known})", f"[databases.{name}]"
    for where, zone in (("policy.time_zone", policy.time_zone), ("schedule.time_zone", schedule.time_zone)):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return f"{where}: there is no time zone {zone!r}", 'time_zone = "Europe/Berlin"'
    for window in policy.windows:
        for key, time in (("begin", window.begin), ("end", window.end)):
            if not _TIME.fullmatch(time):
                return f"policy.windows: {key} {time!r} is no time of a day", example("windows")
    try:
        CronSim(schedule.cron, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        return f"schedule.cron: {schedule.cron!r} is no schedule ({error})", example("cron")
    return None


def _part(data: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError:
        return None


def _explain(file: Path, message: str) -> ConfigurationError:
    """Turn a validation's message into file, key, nearest known key and an example."""
    if match := _UNKNOWN.search(message):
        return _unknown(file, match["key"], match["path"] or "")
    if match := _MISSING.search(message):
        where = _dotted(match["path"], match["key"])
        return ConfigurationError(f"{file}: {where} is missing", f"for example: {example(match['key'], where)}")
    if match := _ELSE.search(message):
        key = match["path"].rpartition(".")[2]
        return ConfigurationError(
            f"{file}: {match['path']}: {match['what'].lower()}", f"for example: {example(key, match['path'])}"
        )
    return ConfigurationError(f"{file}: {message}", "the reference of all keys is docs/configuration.md")


def _named(data: dict[str, Any], message: str) -> str:
    """Put names in the place of `[...]`, by which a validation's message says "one of them".

    The one meant is the one that fails in the same way when it is alone.
    """
    match = _ANY.search(message)
    path = match["path"].split(".") if match else []
    table: Any = data
    for part in path:
        table = cast("dict[str, Any]", table).get(part)
    if match is None or not isinstance(table, dict):
        return message
    for name, value in cast("dict[str, Any]", table).items():
        alone = _with(data, path, {name: value})
        if "." not in name and _complaint(alone) == message:
            return _named(alone, message.replace(f"{match['path']}[...]", f"{match['path']}.{name}", 1))
    return message


def _complaint(data: dict[str, Any]) -> str:
    try:
        msgspec.convert(data, Environment)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _with(data: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """Return a copy of nested tables with another value at a path."""
    head, *rest = path
    return {**data, head: _with(data[head], rest, value) if rest else value}


def _unknown(file: Path, key: str, path: str) -> ConfigurationError:
    known = sorted(keys_at(path))
    near = difflib.get_close_matches(key, known, n=1)
    hint = (
        f"did you mean {near[0]}? for example: {example(near[0], path)}" if near else f"known here: {', '.join(known)}"
    )
    return ConfigurationError(f"{file}: {_dotted(path, key)} is no key that dco knows", hint)


def _dotted(path: str | None, key: str) -> str:
    return f"{path}.{key}" if path else key


def keys_at(path: str) -> set[str]:
    """Return the keys known at a dotted path of the file (`policy`, `applications[...].services[...]`)."""
    kinds: list[msgspec.inspect.Type] = [msgspec.inspect.type_info(Environment)]
    for part in filter(None, re.split(r"[.\[\]]+", path.replace("[...]", ".*"))):
        kinds = [inner for kind in kinds for inner in _step(kind, part)]
    return {field.encode_name for kind in kinds for struct in _structs(kind) for field in struct.fields}


def _step(kind: msgspec.inspect.Type, part: str) -> list[msgspec.inspect.Type]:
    if isinstance(kind, msgspec.inspect.DictType):
        return [kind.value_type]
    if isinstance(kind, msgspec.inspect.ListType):
        return [kind.item_type]
    fields = [field for struct in _structs(kind) for field in struct.fields]
    return [field.type for field in fields if field.encode_name == part]


def _structs(kind: msgspec.inspect.Type) -> list[msgspec.inspect.StructType]:
    if isinstance(kind, msgspec.inspect.StructType):
        return [kind]
    if isinstance(kind, msgspec.inspect.UnionType):
        return [inner for inner in kind.types if isinstance(inner, msgspec.inspect.StructType)]
    return []


def example(key: str, table: str = "") -> str:
    """Return the line of the documented example that sets a key, in a table like the named one where it can.

    Just the key when the example has none.
    """
    near = far = ""
    here = ""
    for line in (Path(__file__).parent / "example.toml").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\[(\w+)", line):
            here = match[1]
        if re.match(rf"#?\s*{re.escape(key)}\s*=", line) or re.match(rf"\[{re.escape(key)}\]", line):
            said = line.lstrip("# ").split("  #")[0].strip()
            near = near or (said if here == table.partition(".")[0] else "")
            far = far or said
    return near or far or key
