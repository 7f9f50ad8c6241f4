"""Calls of the Neo4j plugin's procedures, each with a proof of its own."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from neo4j import Driver, Query, Session
from neo4j.exceptions import ClientError, TransientError

from dco_plugin import signing

Answer = TypeVar("Answer")
PROOF_SECONDS = 60
CLOCK_MILLIS = 5000
"""By how much two clocks may go apart before one of them was set."""
REHEARSAL_SECONDS = 30.0
REFUSED_COMMIT = "Neo.TransientError.Transaction.LeaseExpired"
FORBIDDEN = "Neo.ClientError.Security.Forbidden"


class Plugin:
    """One server's plugin, over one session. Not for two threads at a time; `close` may be called twice."""

    def __init__(
        self, driver: Driver, key: bytes, *, database: str = "neo4j", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Speak with a server through a session on `database`, which every call may target or not."""
        sessions = cast("Any", driver)  # the driver does not tell the types of its own settings
        self._session: Session = sessions.session(database=database)
        self._key = key
        self._clock = clock
        self._server = ""
        self._ahead_ms = 0

    def call(self, procedure: str, *arguments: signing.Argument) -> list[dict[str, Any]]:
        """Call `dco.<procedure>` and give its rows. Raises the driver's errors; a refusal's message is a sentence."""
        return self._once_more(lambda: self._run(*self._proved(f"dco.{procedure}", arguments)))

    def rehearse(self, database: str, text: str, parameters: Mapping[str, Any]) -> None:
        """Run a query as a client does, up to its commit, which the server refuses whatever happens.

        Raises the driver's errors for what fails before that.
        """
        self._once_more(lambda: self._rehearse(database, text, parameters))

    def _rehearse(self, database: str, text: str, parameters: Mapping[str, Any]) -> None:
        first, proof = self._proved("dco.rehearse", (database,))
        with self._session.begin_transaction(timeout=REHEARSAL_SECONDS) as transaction:
            transaction.run(cast("Any", first), proof).consume()
            transaction.run(cast("Any", text), dict(parameters)).consume()
            try:
                transaction.commit()
            except TransientError as refused:
                if refused.code != REFUSED_COMMIT:
                    raise

    def _once_more(self, act: Callable[[], Answer]) -> Answer:
        if not self._server:
            self.identify()
        try:
            return act()
        except ClientError as refused:
            # A server that was restarted has another identity, and a clock may have been set; the proof was refused
            # before anything was done.
            if refused.code != FORBIDDEN or not self._is_another():
                raise
        return act()

    def _proved(self, name: str, arguments: tuple[signing.Argument, ...]) -> tuple[str, dict[str, Any]]:
        """Give the text of a call and its parameters with a proof."""
        proof = signing.prove(
            self._key,
            server=self._server,
            procedure=name,
            arguments=arguments,
            nonce=secrets.token_hex(16),
            expires=self.now() + PROOF_SECONDS * 1000,
        )
        places = ", ".join(f"${index}" for index in range(len(arguments)))
        parameters: dict[str, Any] = {str(index): argument for index, argument in enumerate(arguments)}
        parameters["proof"] = {"nonce": proof.nonce, "expires": proof.expires, "mac": proof.mac}
        return f"CALL {name}({places}{', ' if places else ''}$proof)", parameters

    def one(self, procedure: str, *arguments: signing.Argument) -> dict[str, Any]:
        """Call a procedure that gives one row."""
        (row,) = self.call(procedure, *arguments)
        return row

    def identify(self) -> dict[str, Any]:
        """Ask which server this is, by its own clock when. To be repeated after the server was restarted."""
        (row,) = self._run("CALL dco.identity()", {})
        self._server = row["server"]
        self._ahead_ms = row["now"] - int(self._clock() * 1000)
        return row

    def _is_another(self) -> bool:
        """Ask which server this is now, and whether that or its time is another than was thought."""
        server, ahead = self._server, self._ahead_ms
        self.identify()
        return self._server != server or abs(self._ahead_ms - ahead) > CLOCK_MILLIS

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def now(self) -> int:
        """Give the server's time in milliseconds, so that a clock that jumps on this side harms nothing."""
        if not self._server:
            self.identify()
        return int(self._clock() * 1000) + self._ahead_ms

    def _run(self, text: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        # The text is made of procedure names and numbers only; what comes from outside is a parameter.
        rows = cast("Any", self._session.run(Query(cast("Any", text)), parameters))
        # Not `record.data()`: that looks at every single byte of bytes.
        return [dict(record.items()) for record in rows]
