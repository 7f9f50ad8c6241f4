"""Database servers with the plugin, each over kept connections."""

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from dco.model.databases import Database
from dco.model.errors import ConfigurationError, StepFailed, Unreadable
from dco.model.switch import Stand
from dco.seams.parameters import Parameters

if TYPE_CHECKING:
    from neo4j import Driver

    from dco_plugin.plugin import Plugin

CONNECT_SECONDS = 5.0
AGENT = "dco"
"""By this a server lists our connections; the stream's say `dco-stream`."""
_EXPIRED = "The proof has expired."
"""What the plugin says to a call that it reads too late."""


class Neo4jServers:
    """Implements `dco.seams.servers.Servers`: one driver an address, as long as the process lives."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._lock = threading.Lock()
        self._known: dict[str, Neo4jServer] = {}

    def at(self, database: Database, address: str) -> "Neo4jServer":
        """Return the server of a database at an address; nothing is asked yet, and connections are kept."""
        with self._lock:
            if address not in self._known:
                self._known[address] = self._connect(database, address)
            return self._known[address]

    def close(self) -> None:
        """Close every connection. May be called twice; servers that are asked for afterwards are connected anew."""
        with self._lock:
            for server in self._known.values():
                server.close()
            self._known.clear()

    def _connect(self, database: Database, address: str) -> "Neo4jServer":
        if database.plugin_secret is None:
            raise ConfigurationError(
                "the database has no plugin_secret", "name the secret of the plugin's key in dco.toml"
            )
        secret, key = self._parameters.secret(database.secret), self._parameters.secret(database.plugin_secret)
        try:
            return Neo4jServer(address, secret["username"], secret["password"], bytes.fromhex(key["key"].split()[0]))
        except (KeyError, ValueError, IndexError):
            raise ConfigurationError(
                f"secrets {database.secret} and {database.plugin_secret} are not as they must be",
                'they must be {"username": …, "password": …} and {"key": "64 hexadecimal digits"}',
            ) from None


class Neo4jServer:
    """Implements `dco.seams.servers.Server`."""

    def __init__(self, address: str, username: str, password: str, key: bytes) -> None:
        self._address = address
        self._login = (username, password)
        self._key = key
        self._lock = threading.Lock()
        self._made: Driver | None = None
        self._lines: dict[str, tuple[threading.Lock, Plugin]] = {}

    def stand(self, name: str, transaction: int = 0, seconds: float = 0.0) -> Stand:
        """Tell how one of its databases stands: when it has that transaction, or after so many seconds."""
        return _stand(self._call(name, "stand", transaction, int(seconds * 1000)))

    def fence(self, name: str, *, on: bool, reason: str) -> Stand:
        """Refuse every commit, or let those in again that were fenced for it."""
        return _stand(self._call(name, "fence", on, reason))

    def promote(self, name: str, transaction: int, reason: str) -> Stand:
        """End following and let commits in."""
        return _stand(self._call(name, "promote", transaction, reason))

    def hold(self, name: str, lease: str, seconds: int) -> None:
        """Hold checkpoints off."""
        self._call(name, "hold", lease, seconds)

    def release(self, name: str, lease: str) -> bool:
        """End a hold, and tell whether it has lasted."""
        return bool(self._call(name, "release", lease)["intact"])

    def rehearse(self, cypher: str, parameters: Mapping[str, Any]) -> None:
        """Run a query as the application does, up to its commit, which the plugin refuses."""
        lock, plugin = self._line("neo4j")
        with lock, self._answering():
            plugin.rehearse("neo4j", cypher, parameters)

    def query(self, cypher: str, parameters: Mapping[str, Any], *, undo: bool) -> list[dict[str, Any]]:
        """Run a query as the application does, in a transaction that is rolled back when `undo` says so."""
        with self._answering(), cast("Any", self._driver()).session(database="neo4j") as session:
            with session.begin_transaction(timeout=30) as transaction:
                rows = [dict(record.items()) for record in transaction.run(cypher, dict(parameters))]
                (transaction.rollback if undo else transaction.commit)()
            return rows

    def format(self) -> str:
        """Tell the kernel version in whose format transactions of its data are written."""
        return str(self._call("neo4j", "status")["kernel"])

    def upgrade(self) -> str:
        """Let it write its own version's format, and return that format's kernel version."""
        return str(self._call("system", "upgrade")["kernel"])

    def version(self) -> str:
        """Tell the version of Neo4j."""
        with self._answering(), cast("Any", self._driver()).session(database="neo4j") as session:
            return str(session.run("CALL dco.identity()").single(strict=True)["version"])

    def close(self) -> None:
        """Close every connection; a server that is gone does not matter."""
        with self._lock, suppress(Exception):  # whatever it is: nobody needs them any more
            for _, plugin in self._lines.values():
                plugin.close()
            if self._made is not None:
                self._made.close()

    def _call(self, name: str, procedure: str, *arguments: bool | int | str) -> dict[str, Any]:
        lock, plugin = self._line(name)
        with lock, self._answering():
            return plugin.one(procedure, name, *arguments)

    def _line(self, name: str) -> "tuple[threading.Lock, Plugin]":
        from dco_plugin.plugin import Plugin  # noqa: PLC0415 -- most commands never ask a database

        driver = self._driver()
        with self._lock:
            if name not in self._lines:
                self._lines[name] = (threading.Lock(), Plugin(driver, self._key))
            return self._lines[name]

    def _driver(self) -> "Driver":
        from neo4j import GraphDatabase  # noqa: PLC0415

        with self._lock:
            if self._made is None:
                connect = cast("Any", GraphDatabase).driver  # its keyword arguments are untyped
                try:
                    self._made = connect(
                        self._address,
                        auth=self._login,
                        connection_timeout=CONNECT_SECONDS,
                        connection_acquisition_timeout=CONNECT_SECONDS * 2,
                        telemetry_disabled=True,
                        user_agent=AGENT,
                    )
                except ValueError as error:
                    raise ConfigurationError(
                        f"{self._address} is no address of a database: {error}", "bolt://HOST:7687"
                    ) from None
            return cast("Driver", self._made)

    @contextmanager
    def _answering(self) -> Generator[None]:
        from neo4j.exceptions import AuthError, ClientError, DriverError, Neo4jError, TransientError  # noqa: PLC0415

        try:
            yield
        except AuthError as error:
            raise ConfigurationError(f"{self._address} refuses the password", "compare it with the secret") from error
        except ClientError as error:
            if (error.message or "") == _EXPIRED:  # a server that stood still: it did nothing, and can be asked again
                raise Unreadable(
                    f"{self._address} did not answer in time", "look whether it stood still, and at its clock"
                ) from error
            if (error.code or "").endswith("Security.Forbidden"):
                raise ConfigurationError(
                    f"{self._address}: {error.message}", "compare the plugin's key with its secret"
                ) from error
            raise StepFailed(
                f"{self._address}: {error.message}", "look at `dco status` and the server's log"
            ) from error
        except (DriverError, TransientError, OSError) as error:
            raise Unreadable(f"{self._address} does not answer: {error}", "look whether it runs") from error
        except Neo4jError as error:
            raise StepFailed(f"{self._address}: {error.message}", "look at the server's log") from error


def _stand(row: Mapping[str, Any]) -> Stand:
    return Stand(
        transaction=row["transaction"],
        checksum=row["checksum"],
        fenced=row["fenced"],
        reason=row["reason"],
        following=row["following"],
    )
