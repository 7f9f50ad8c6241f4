"""Who is to be compared: a configured database's source or follower, or a server at a Bolt address."""

from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from dco_stream.config import Configuration
from dco_stream.errors import BadConfiguration
from dco_stream.references import KINDS, Library
from dco_stream.server import Server

FOLLOWER = "follower"
_ROLES = ("", "source", FOLLOWER)


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """How a server at a Bolt address is spoken with; login and key say where they are kept."""

    login: str | None = None
    key: str | None = None
    """Without it everything is read over Bolt."""
    ca_file: str | None = None


class Addresses:
    """Finds servers; the configuration is read only for a database's name."""

    def __init__(self, configuration: Callable[[], Configuration]) -> None:
        self._configuration = configuration

    def find(self, word: str, means: Means) -> Server:
        """Give the server that `NAME`, `NAME:source`, `NAME:follower` or a Bolt address names; nothing is asked yet.

        Raises `BadConfiguration` for what names none, and for a password or key on the command line.
        """
        return _at(word, means) if "://" in word else self._configured(word)

    def invariants(self, word: str) -> dict[str, str]:
        """Give the invariants configured for what a word names: none for a Bolt address."""
        return {} if "://" in word else self._configuration().database(word.partition(":")[0]).invariants

    def _configured(self, word: str) -> Server:
        name, _, role = word.partition(":")
        if role not in _ROLES:
            raise BadConfiguration(
                f"{word} names no server", f"for example: {name}, {name}:{FOLLOWER}, bolt://10.0.1.5:7687"
            )
        settings = self._configuration()
        kept, library = settings.database(name), Library(settings.bucket.region)
        servers = library.servers(kept.servers)
        uri = servers.follower if role == FOLLOWER else servers.source
        if uri is None:
            raise BadConfiguration(f"nothing follows {name} now", "name another server, or let one follow first")
        return Server(uri, library.login(kept.login), library.key(kept.key), kept.ca_file)


def _at(uri: str, means: Means) -> Server:
    if urlsplit(uri).username is not None:
        raise BadConfiguration("an address on the command line must not hold a password", "name its login by --login")
    if means.login is None:
        raise BadConfiguration(f"{uri} needs a login", "name where it is kept, for example --login file:login.json")
    library = Library()
    key = library.key(_demand_place("key", means.key)) if means.key else None
    return Server(uri, library.login(_demand_place("login", means.login)), key, means.ca_file)


def _demand_place(what: str, reference: str) -> str:
    """Arguments of a process can be read by everybody on the machine."""
    if reference.partition(":")[0] not in KINDS:
        kinds = ", ".join(f"{kind}:…" for kind in sorted(KINDS))
        raise BadConfiguration(f"--{what} must name a place, not the {what} itself", f"one of {kinds}")
    return reference
