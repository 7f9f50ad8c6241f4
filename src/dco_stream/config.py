"""The stream's own configuration, a TOML file that `dco` or Terraform writes, read once into a frozen value."""

import difflib
import re
import tomllib
from pathlib import Path

import msgspec

from dco_stream.errors import BadConfiguration

_FIELD = re.compile(r"unknown field `([^`]+)`(?: - at `\$?\.?([^`]*)`)?")


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: unknown keys are refused."""


class Bucket(Section, frozen=True, kw_only=True):
    """Where backups are kept. Credentials and the endpoint come from AWS's usual places."""

    name: str
    prefix: str = "stream/"
    region: str | None = None


class Keep(Section, frozen=True, kw_only=True):
    """How backups are made and how long they are kept."""

    segment_seconds: float = 1.0
    """How much time of the log may be nowhere but on the database's host."""
    base_hours: float = 24.0
    """After how long a new copy of the store begins, so that a restore need not read more log."""
    days: float = 14.0
    """Until when any second can be restored."""
    share: float = 0.5
    """How much of the time a copy may keep the server reading."""
    log_limit_mb: int = 10_240
    """How large a database's own log may get before a person is told."""


class Database(Section, frozen=True, kw_only=True):
    """One server's databases. Each value says where it is kept, see `references`."""

    servers: str
    """A Bolt address, or JSON with `source` and, while another server follows it, `follower`."""
    login: str
    """JSON with `username` and `password`."""
    key: str
    """JSON with `key`, or lines of hexadecimal digits: what the plugin asks for."""
    ca_file: str | None = None
    """Who signed the server's certificate, for an address of `bolt+s://`; else those that the machine trusts."""
    names: tuple[str, ...] = ("neo4j", "system")
    invariants: dict[str, str] = {}
    """Cypher questions by their names, each of which a restored copy must answer with true."""


class Configuration(Section, frozen=True, kw_only=True):
    """The whole file."""

    bucket: Bucket
    databases: dict[str, Database]
    keep: Keep = Keep()

    def database(self, name: str) -> Database:
        """Return a database by its name. Raises `BadConfiguration` with those that there are."""
        if name not in self.databases:
            known = ", ".join(sorted(self.databases)) or "none"
            raise BadConfiguration(f"there is no database {name} in the configuration", f"there is: {known}")
        return self.databases[name]


def read(path: Path) -> Configuration:
    """Read the file. Raises `BadConfiguration` with the key that is wrong and the nearest that is known."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{path} can't be read: {error}", "name the stream's TOML file by --config") from None


def parse(text: str, where: str) -> Configuration:
    """Read the text of the file; see `read`."""
    try:
        return msgspec.convert(tomllib.loads(text), Configuration)
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(f"{where} is no TOML: {error}", "mend that line") from None
    except msgspec.ValidationError as error:
        raise BadConfiguration(f"{where}: {error}", _nearest(str(error))) from None


def _nearest(message: str) -> str:
    match = _FIELD.search(message)
    if match is None:
        return "the keys are in docs/database.md"
    kinds = (Configuration, Bucket, Keep, Database)
    known = [field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)]
    near = difflib.get_close_matches(match[1], known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are: {', '.join(sorted(set(known)))}"
