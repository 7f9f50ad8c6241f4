"""A gate as a process: listens for clients and for orders, and ends so that nobody notices more than a reconnect."""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import ssl
from pathlib import Path

from dco_gate import http_server, servers, signing
from dco_gate import settings as configuration
from dco_gate.database import Database
from dco_gate.doorway import Doorway
from dco_gate.errors import ConfigurationError
from dco_gate.orders import Orders
from dco_gate.record import Records, S3Records
from dco_gate.settings import DatabaseSettings, Settings
from dco_gate.switching import Switching

LOG = logging.getLogger(__name__)
RETRY_SECONDS = 0.2
BACKLOG = 1_024


class Gate:
    """All databases of one `gate.toml`."""

    def __init__(self, file: Path, settings: Settings, records: Records) -> None:
        self._file = file
        self._settings = settings
        self._directory = configuration.place(file, settings.state_directory)
        self._access = signing.Access(signing.read_key(configuration.place(file, settings.control.key_file)))
        self._switchings = {
            name: Switching(self._database(name, one), self._directory, records)
            for name, one in settings.databases.items()
        }
        self._lock: int | None = None

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain."""
        ending = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ending.set)
        self._directory.mkdir(parents=True, exist_ok=True)
        owning = None if self._try_to_own() else asyncio.create_task(self._own())
        await asyncio.gather(*(one.start() for one in self._switchings.values()))
        listening = [await self._listen(name) for name in self._switchings]
        controlling = asyncio.create_task(self._take_orders())
        LOG.info("The gate serves %s.", ", ".join(self._switchings))
        await ending.wait()
        if owning is not None:
            owning.cancel()
        await self._end(listening, controlling)

    # -- starting -----------------------------------------------------------------------------------------------------

    def _database(self, name: str, one: DatabaseSettings) -> Database:
        ca_file = configuration.place(self._file, one.ca_file) if one.ca_file else None
        serving = servers.parse(one.servers[one.serves])
        trust = servers.trust(ca_file)
        return Database(name, one.advertised, serving, trust, sampling=self._settings.sample_queries)

    async def _listen(self, name: str) -> asyncio.Server:
        one, database = self._settings.databases[name], self._switchings[name].database
        address = configuration.address(one.listen)
        try:
            return await asyncio.get_running_loop().create_server(
                lambda: Doorway(database),
                address.host,
                address.port,
                ssl=self._certificate(one),
                reuse_port=True,
                backlog=BACKLOG,
            )
        except OSError as error:
            raise ConfigurationError(
                f"{name} can't listen on {one.listen}: {error}", "free it, or name another"
            ) from None

    def _certificate(self, one: DatabaseSettings) -> ssl.SSLContext | None:
        if one.certificate is None or one.private_key is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        chain, key = (configuration.place(self._file, name) for name in (one.certificate, one.private_key))
        try:
            context.load_cert_chain(chain, key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"{chain} and {key} are no certificate: {error}", "name PEM files") from None
        return context

    async def _take_orders(self) -> None:
        """Take orders for as long as the gate runs; a gate that is still ending may have the address a while longer."""
        address = configuration.address(self._settings.control.listen)
        orders = Orders(self._switchings, self._access)
        told = False
        while True:
            try:
                server = await http_server.listen(address.host, address.port, orders.respond)
            except OSError as error:
                if not told:
                    LOG.warning("No orders can be taken yet on %s: %s.", self._settings.control.listen, error)
                told = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                async with server:
                    await server.serve_forever()

    # -- being the one that holds -------------------------------------------------------------------------------------

    def _try_to_own(self) -> bool:
        """Become the one process that writes the state, unless another one is."""
        opened = os.open(self._directory / "gate.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(opened)
            return False
        self._lock = opened
        for switching in self._switchings.values():
            switching.own()
        return True

    async def _own(self) -> None:
        while not self._try_to_own():  # noqa: ASYNC110 -- another process's lock tells nobody
            await asyncio.sleep(RETRY_SECONDS)

    # -- ending -------------------------------------------------------------------------------------------------------

    async def _end(self, listening: list[asyncio.Server], controlling: asyncio.Task[None]) -> None:
        """Let a hold be decided and transactions end; then leave. New clients find another gate, or wait for one."""
        for server in listening:
            server.close()
        decisions = [one.decided for one in self._switchings.values() if one.decided is not None]
        if decisions:
            LOG.info("The gate ends when the switch under way is decided.")
            await asyncio.wait(decisions)
        controlling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await controlling
        seconds = self._settings.drain_seconds
        left = await asyncio.gather(*(one.database.empty(seconds) for one in self._switchings.values()))
        if sum(left):
            LOG.warning("%d sessions were still in a transaction after %.0f s.", sum(left), seconds)
        await asyncio.gather(*(one.close() for one in self._switchings.values()))


def serve(file: Path) -> None:
    """Run the gate of a `gate.toml`. Raises `ConfigurationError` before anything listens."""
    import uvloop  # noqa: PLC0415 -- commands that only ask a gate need no event loop

    settings = configuration.read(file)
    gate = Gate(file, settings, S3Records(settings.record.bucket, settings.record.prefix))
    uvloop.run(gate.run())
