"""One Neo4j server with the plugin: its driver, and what its errors mean."""

import hashlib
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import msgspec
from neo4j import Driver, GraphDatabase
from neo4j.exceptions import AuthError, ClientError, ConfigurationError, DriverError, Neo4jError, TransientError

from dco_plugin.plugin import Plugin
from dco_plugin.signing import Argument
from dco_stream.errors import BadConfiguration, Refused, StreamError, Unreachable
from dco_stream.references import Login

CONNECT_SECONDS = 5.0


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """What the plugin says of one database of a server."""

    now: int
    transaction: int
    log_version: int
    log_offset: int
    lowest_log_version: int
    needed_log_version: int
    log_bytes: int
    log_name: str
    fenced: bool
    reason: str
    refused: int
    held: bool
    following: bool
    applied: int
    written_millis: int
    format: str
    kernel: str


class Server:
    """A server that is spoken with over a driver of its own. May be used by any thread; `close` may be called twice."""

    def __init__(self, uri: str, login: Login, key: bytes | None, ca_file: str | None = None) -> None:
        """Prepare to speak; nothing is asked yet. Without a key the plugin can't be called.

        Raises `BadConfiguration` for an address that is none.
        """
        self.uri = uri
        self._key = key
        trust: dict[str, Any] = {"ssl_context": ssl.create_default_context(cafile=ca_file)} if ca_file else {}
        try:
            connect = cast("Any", GraphDatabase).driver  # the driver does not tell the types of its own settings
            self.driver: Driver = connect(
                uri.replace("bolt+s://", "bolt://") if ca_file else uri,
                auth=(login.username, login.password),
                connection_timeout=CONNECT_SECONDS,
                connection_acquisition_timeout=CONNECT_SECONDS * 2,
                keep_alive=True,
                telemetry_disabled=True,
                user_agent="dco-stream",
                **trust,
            )
        except (ConfigurationError, ValueError, OSError) as error:
            raise BadConfiguration(
                f"{uri} is no address of a server: {error}", "for example: bolt://10.0.1.5:7687"
            ) from None

    @property
    def has_key(self) -> bool:
        """Whether the plugin may be called."""
        return self._key is not None

    def line(self, database: str) -> "Line":
        """Give a session of one's own for calls about a database; not for two threads.

        Raises `BadConfiguration` without a key.
        """
        if self._key is None:
            raise BadConfiguration(f"{self.uri} can't be asked for that without the plugin's key", "name the key")
        return Line(self, database, Plugin(self.driver, self._key))

    def identify(self) -> dict[str, Any]:
        """Ask for identity, time and version; also proves that the plugin is there."""
        with self.answering(), self._session("neo4j") as session:
            return dict(session.run("CALL dco.identity()").single(strict=True).items())

    def run(self, query: str, database: str = "neo4j", **parameters: Any) -> list[dict[str, Any]]:
        """Run one query in a transaction of its own, and give its rows."""
        with self.answering(), self._session(database) as session:
            return [dict(record.items()) for record in session.run(query, parameters)]

    def close(self) -> None:
        """Close every connection."""
        self.driver.close()

    def _session(self, database: str) -> Any:
        return cast("Any", self.driver).session(database=database)

    @contextmanager
    def answering(self) -> Generator[None]:
        """Turn the driver's errors into sentences."""
        try:
            yield
        except AuthError as error:
            raise BadConfiguration(
                f"{self.uri} refuses the user name or password", "put the right ones in the login's place"
            ) from error
        except ClientError as error:
            raise _refusal(self.uri, error) from error
        except (DriverError, TransientError, OSError) as error:
            raise Unreachable(f"{self.uri} does not answer: {_first_line(error)}", "look at the server") from error
        except Neo4jError as error:
            raise Refused(f"{self.uri}: {error.message}", "look at the server's log") from error
        except Exception as error:  # whatever the driver raises when what it reads was damaged on its way
            what = f"{type(error).__name__}: {_first_line(error)}"
            raise Unreachable(f"{self.uri} says what can't be read: {what}", "look at the network") from error


class Line:
    """Calls about one database of a server, each proved; not for two threads. After an error it may be used again."""

    def __init__(self, server: Server, database: str, plugin: Plugin) -> None:
        self.server = server
        self.database = database
        self._plugin = plugin

    def call(self, procedure: str, *arguments: Argument) -> list[dict[str, Any]]:
        """Call `dco.<procedure>` about this database. Raises `StreamError`s."""
        with self.server.answering():
            return self._plugin.call(procedure, self.database, *arguments)

    def one(self, procedure: str, *arguments: Argument) -> dict[str, Any]:
        """Call a procedure that gives one row. Raises `Unreachable` when bytes in it were damaged on their way."""
        (row,) = self.call(procedure, *arguments)
        if "data" in row and hashlib.sha256(row["data"]).digest() != row.get("sha256"):
            raise Unreachable(
                f"{self.server.uri}: what {procedure} gives is not what came", "it is asked again; look at the network"
            )
        return row

    def status(self) -> Status:
        """Ask how the database stands."""
        return msgspec.convert(self.one("status"), Status)

    def now(self) -> int:
        """Give the server's time in milliseconds, as it was told and this machine's clock has run since."""
        with self.server.answering():
            return self._plugin.now()

    def close(self) -> None:
        """End the session; a server that is gone does not matter."""
        try:
            self._plugin.close()
        except (DriverError, Neo4jError, OSError):
            return


def wait_until_answering(server: Server, seconds: float) -> None:
    """Wait until a server that starts answers. Raises `Unreachable` past the time, at once what waiting can't mend."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            server.identify()
        except Unreachable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _refusal(uri: str, error: ClientError) -> StreamError:
    code, message = error.code or "", error.message or ""
    if code.endswith("Security.Forbidden"):
        return BadConfiguration(
            f"{uri}: {message}", "put the plugin's key in the key's place: what dco.key on the host says"
        )
    if code.endswith("ProcedureNotFound"):
        return Refused(
            f"{uri} has no plugin of dco, or one too old for this",
            "install the plugin (neo4j-plugin/README.md) and restart",
        )
    if code.endswith("DatabaseNotFound"):
        return Refused(f"{uri}: {message}", "name a database that is there")
    if "There is no database" in message:
        return Refused(f"{uri}: {message}", "name a database that is there: names under [databases.NAME]")
    return Refused(f"{uri}: {message}", "it was not done; look at the server's log for more")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
