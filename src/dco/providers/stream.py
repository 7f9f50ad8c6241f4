"""`dco-stream` as a process of its own: its configuration is made of dco.toml, its answers are JSON."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import IO, Any, TypeVar

import msgspec

from dco.model.backup import Listing, ProofWish, Restored, RestoreWish, StreamState, Verified
from dco.model.comparison import Comparison, Wish
from dco.model.databases import Database
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, DcoError, PersonNeeded, Refused, Unreadable
from dco.model.finding import Finding

Kind = TypeVar("Kind")
Say = Callable[[str], None]
Credentials = Callable[[], Mapping[str, str]]
FILE, DUMPS = "stream.toml", "dumps.toml"
_ERRORS: dict[int, type[DcoError]] = {2: ConfigurationError, 4: Refused, 6: PersonNeeded}


def kept(environment: Environment) -> dict[str, Database]:
    """Return the databases that dco.toml gives a stream."""
    return {
        name: one for name, one in environment.databases.items() if one.plugin_secret and one.servers_parameter
    }  # fmt: skip


def configuration(environment: Environment, dumped: str | None = None) -> str:
    """Write the stream's TOML; where secrets are, never what they are. `dumped` is a database without a stream."""
    if dumped and dumped not in environment.databases:
        raise _unknown(environment, dumped)
    backup = environment.backup
    tables: dict[str, dict[str, Any]] = {
        "bucket": {
            "name": backup.bucket or environment.state.bucket,
            "prefix": backup.prefix,
            "region": environment.aws.region,
        },
        "keep": {"days": backup.days},
    }
    for name, one in kept(environment).items():
        tables[f"databases.{name}"] = {
            "servers": f"ssm:{one.servers_parameter}",
            "login": f"secret:{one.secret}",
            "key": f"secret:{one.plugin_secret}",
        }
        tables[f"databases.{name}.invariants"] = dict(one.invariants)
    if dumped:
        tables.setdefault(f"databases.{dumped}", {"servers": "none", "login": "none", "key": "none"})
    return "\n".join(line for title, table in tables.items() for line in _lines(title, table))


class StreamCommand:
    """Implements `dco.seams.backups.Backups`; `directory` is our own, `credentials` are added to the environment."""

    def __init__(self, environment: Environment, directory: Path, credentials: Credentials) -> None:
        self._environment = environment
        self._directory = directory
        self._credentials = credentials

    def states(self) -> dict[str, StreamState | None]:
        """Return how each database's stream stood when it said so last."""
        return self._call(["status"], dict[str, StreamState | None]) if kept(self._environment) else {}

    def examine(self, database: str) -> tuple[Finding, ...]:
        """Look at a database's server and its stream."""
        days = f"{self._environment.backup.verify_days:g}"
        words = ["examine", self._known(database), "--verify-days", days]
        return self._call(words, dict[str, tuple[Finding, ...]])[database]

    def listing(self, database: str) -> Listing:
        """Return what is kept."""
        return self._call(["list", self._known(database)], dict[str, Listing])[database]

    def verify(self, database: str, since: str | None, share: float, say: Say) -> Verified:
        """Read everything and compare it."""
        words = ["verify", self._known(database), "--share", f"{share:g}", *(["--since", since] if since else [])]
        return self._call(words, dict[str, Verified], say)[database]

    def ask_for_copy(self, database: str) -> None:
        """Ask the running stream for a new copy."""
        self._run(["base", self._known(database)], None)

    def dump(self, database: str, data: str, neo4j: str, say: Say) -> None:
        """Keep a dump of a server on this machine that stands still."""
        self._run(["dump", database, "--data", data, "--neo4j", neo4j, "--yes"], say, dumped=database)

    def pause(self, database: str, data: str, neo4j: str) -> str:
        """Say how long a server would stand still for a dump."""
        try:
            self._run(["dump", database, "--data", data, "--neo4j", neo4j], None, dumped=database)
        except Refused as refused:
            return refused.what
        raise DcoError("dco-stream took a dump that nobody agreed to", "report it")

    def load(self, database: str, dump: str, into: str, neo4j: str, say: Say) -> None:
        """Load a dump into a data directory, and let Neo4j check it."""
        self._run(["load", database, "--dump", dump, "--into", into, "--neo4j", neo4j], say, dumped=database)

    def restore(self, wish: RestoreWish, say: Say) -> Restored:
        """Make a data directory as of a moment."""
        words = ["restore", self._known(wish.database), "--at", wish.at, "--into", wish.into, "--neo4j", wish.neo4j]
        words += ["--plugin", wish.plugin] if wish.plugin else []
        words += ["--address", wish.address] if wish.address else []
        words += ["--lift"] if wish.lift else []
        words += ["--skip-invariants"] if wish.skip_invariants else []
        return self._call(words, Restored, say)

    def compare(self, wish: Wish, say: Say) -> Comparison:
        """Compare two servers."""
        for side in (wish.a, wish.b):
            if "://" not in side:
                self._known(side.partition(":")[0])
        words = ["compare", wish.a, wish.b, "--share", f"{wish.share:g}"]
        words += ["--login", wish.login] if wish.login else []
        words += ["--key", wish.key] if wish.key else []
        words += ["--any-transaction"] if wish.any_transaction else []
        return self._call(words, Comparison, say)

    def prove(self, wish: ProofWish, say: Say) -> Comparison:
        """Compare a follower with a restore."""
        words = ["prove", self._known(wish.database), "--server", wish.server, "--into", wish.into]
        return self._call([*words, "--neo4j", wish.neo4j], Comparison, say)

    def _known(self, database: str) -> str:
        if database not in self._environment.databases:
            raise _unknown(self._environment, database)
        if database not in kept(self._environment):
            raise ConfigurationError(
                f"no stream keeps {database}",
                f"set plugin_secret and servers_parameter under [databases.{database}] and let dco-stream run; "
                f"until then `dco backup now {database} --data … --neo4j …` takes a dump, with a pause",
            )
        return database

    def _call(self, words: list[str], kind: type[Kind], say: Say | None = None) -> Kind:
        """Run a command that answers by JSON, also where it found something bad."""
        text = self._run([*words, "--json"], say)
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.MsgspecError as error:
            raise DcoError(f"dco-stream {words[0]} answered what was not expected: {error}", "report it") from error

    def _run(self, words: list[str], say: Say | None, dumped: str | None = None) -> str:
        """Run a command; `dumped` is a database that no stream need keep."""
        file = self._directory / (DUMPS if dumped else FILE)
        self._directory.mkdir(parents=True, exist_ok=True)
        file.write_text(configuration(self._environment, dumped), encoding="utf-8")
        command = [sys.executable, "-m", "dco_stream", "-c", str(file), *words]
        with subprocess.Popen(
            command,
            env={**os.environ, **self._credentials()},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            lines: list[str] = []
            reader = Thread(target=_tell, args=(process.stderr, lines, say))
            reader.start()
            text = process.stdout.read() if process.stdout else ""
            reader.join()
        if process.returncode and not text:
            raise _error(process.returncode, lines)
        return text


def _unknown(environment: Environment, database: str) -> ConfigurationError:
    known = ", ".join(sorted(environment.databases)) or "none"
    return ConfigurationError(f"dco.toml has no [databases.{database}]", f"it has: {known}")


def _tell(stream: IO[str] | None, lines: list[str], say: Say | None) -> None:
    for line in stream or ():
        lines.append(line.rstrip())
        if say and not line.startswith(("Error:", "Try:")):
            say(line.rstrip())


def _error(code: int, lines: list[str]) -> DcoError:
    what = next((line.removeprefix("Error:").strip() for line in lines if line.startswith("Error:")), "")
    remedy = next((line.removeprefix("Try:").strip() for line in lines if line.startswith("Try:")), "")
    said = what or f"dco-stream ended with {code}: {' '.join(lines[-2:])}"
    return _ERRORS.get(code, Unreadable)(said, remedy.replace("`dco-stream list`", "`dco backup list`"))


def _lines(title: str, table: dict[str, Any]) -> list[str]:
    # a string of JSON is one of TOML
    return [f"[{title}]", *(f"{key} = {msgspec.json.encode(value).decode()}" for key, value in table.items()), ""]
