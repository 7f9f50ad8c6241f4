"""Read-only Cypher questions by the official driver."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, LiteralString, cast

from dco.model.databases import Database
from dco.model.errors import ConfigurationError, DcoError, Unreadable
from dco.seams.parameters import Parameters

if TYPE_CHECKING:
    from neo4j import Driver, Session
    from neo4j.exceptions import Neo4jError

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 15.0
SCHEMES = ("bolt:", "bolt+s:", "bolt+ssc:", "neo4j:", "neo4j+s:", "neo4j+ssc:")


class Neo4jGraphs:
    """Implements `dco.seams.graphs.Graphs`; address and password are read for each question: both may change."""

    def __init__(self, parameters: Parameters, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._parameters = parameters
        self._answer_seconds = answer_seconds

    def ask(self, database: Database, cypher: str) -> bool:
        """Return the truth of the question's first value; False when it gives no row.

        Raises `ConfigurationError` for a question that the database does not understand or that would write.
        """
        uri = self._parameters.get(database.uri_parameter)
        if uri is None:
            raise ConfigurationError(
                f"there is no parameter {database.uri_parameter}",
                "correct uri_parameter of the database in dco.toml, or apply Terraform first",
            )
        if not uri.startswith(SCHEMES):
            raise ConfigurationError(
                f"{uri} in parameter {database.uri_parameter} is not the address of a database", "bolt://HOST:7687"
            )
        secret = self._parameters.secret(database.secret)
        if not {"username", "password"} <= set(secret):
            raise ConfigurationError(
                f"secret {database.secret} lacks username or password", 'it must be {"username": …, "password": …}'
            )
        return self._ask(uri, (secret["username"], secret["password"]), cypher)

    def _ask(self, uri: str, auth: tuple[str, str], cypher: str) -> bool:
        # imported when first needed: most commands never ask a database, and the driver takes 0.4 s and 30 MB
        from neo4j import READ_ACCESS, GraphDatabase, NotificationDisabledClassification, Query  # noqa: PLC0415
        from neo4j.exceptions import ConfigurationError as BadUri  # noqa: PLC0415
        from neo4j.exceptions import DriverError, Neo4jError  # noqa: PLC0415

        quiet = list(NotificationDisabledClassification)
        question = Query(cast("LiteralString", cypher), timeout=self._answer_seconds)
        # the driver's keyword arguments are untyped
        connect: Callable[..., Driver] = cast("Any", GraphDatabase).driver
        try:
            with (
                connect(
                    uri,
                    auth=auth,
                    connection_timeout=CONNECT_SECONDS,
                    connection_acquisition_timeout=CONNECT_SECONDS,
                    notifications_disabled_classifications=quiet,
                ) as driver,
                _session(driver, default_access_mode=READ_ACCESS, database="neo4j") as session,
            ):
                record = session.run(question).peek()
                return bool(record[0]) if record else False
        except Neo4jError as error:
            raise _told(uri, error) from error
        except (BadUri, ValueError) as error:
            raise ConfigurationError(f"{uri} is not the address of a database: {error}", "bolt://HOST:7687") from error
        except (DriverError, OSError) as error:
            raise Unreadable(
                f"the database at {uri} did not answer: {error}", "look whether it runs and may be reached from here"
            ) from error


def _session(driver: "Driver", **config: str) -> "Session":
    return cast("Any", driver).session(**config)


def _told(uri: str, error: "Neo4jError") -> DcoError:
    code = error.code or ""
    if ".Security." in code:
        return Unreadable(f"the database at {uri} refused us: {error.message}", "compare its password with the secret")
    if ".ClientError.Statement." in code:
        return ConfigurationError(
            f"the database at {uri} does not answer this question: {error.message}",
            "correct the Cypher in dco.toml; it may read only",
        )
    return Unreadable(f"the database at {uri} failed: {code} {error.message}", "try again; look into its log")
