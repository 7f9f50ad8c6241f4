"""Whether a database may be kept, followed and restored: what its server is, and how its stream stands."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec

from dco_stream import installation, verification
from dco_stream.archive.archive import Archive
from dco_stream.errors import Refused, StreamError
from dco_stream.server import Server, Status
from dco_stream.state import State

STILL_SECONDS = 150
"""A stream that runs tells of itself once a minute at least."""
LATE_SECONDS = 60
OWN = {"db", "dbms", "tx", "jmx", "internal", "cdc", "graph", "dco", "genai"}
"""What the names of Neo4j's own procedures, and of ours, begin with."""
QUESTIONS = {
    "triggers": "CALL apoc.trigger.list() YIELD name RETURN count(name) AS found",
    "jobs": "CALL apoc.periodic.list() YIELD name RETURN count(name) AS found",
}
_KERNEL = (
    "CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel' "
    "RETURN versions[0] AS version, edition"
)
_NAMES = "SHOW PROCEDURES YIELD name RETURN collect(DISTINCT split(name, '.')[0]) AS names"


class Finding(msgspec.Struct, frozen=True):
    """A thing looked at, what was found, and what to do if it is not good."""

    mark: Literal["OK", "NG", "SKIP"]
    what: str
    detail: str
    remedy: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of itself."""

    version: str
    edition: str
    plugin: str | None
    """For which version the plugin speaks; None when it is not there."""
    others: tuple[str, ...] = ()
    """What the names of other procedures begin with."""
    apoc: dict[str, int] = {}
    """How many triggers and jobs APOC has, as far as it answers."""
    statuses: dict[str, Status] = {}


def look(server: Server, names: tuple[str, ...]) -> Facts:
    """Ask a server, changing nothing. Raises `StreamError`s: a wrong password or key, a database that is not there."""
    kernel = server.run(_KERNEL)[0]
    others = tuple(sorted(set(server.run(_NAMES)[0]["names"]) - OWN))
    apoc = {word: found for word in QUESTIONS if "apoc" in others and (found := _count(server, word)) is not None}
    known: dict[str, Any] = {**kernel, "others": others, "apoc": apoc}
    try:
        plugin = server.identify()["version"]
    except Refused:
        return Facts(**known, plugin=None)
    return Facts(**known, plugin=plugin, statuses={name: _status(server, name) for name in names})


def judge(facts: Facts) -> Iterator[Finding]:
    """Say what of it is proved, and refuse what is not. Pure."""
    if facts.edition != "community":
        yield Finding("NG", "edition", f"{facts.edition}: its internals are not proved here", "use its own backup")
    elif not installation.is_proved(facts.version):
        yield Finding("NG", "version", f"Neo4j {facts.version} is not proved here", _proved())
    else:
        yield Finding("OK", "version", f"Neo4j {facts.version} {facts.edition}")
    if facts.plugin is None:
        yield Finding("NG", "plugin", "it is not there", "install dco.jar (neo4j-plugin/README.md) and restart")
    else:
        yield Finding("OK", "plugin", f"there, and it takes the key, of Neo4j {facts.plugin}")
    yield from (_format(name, one) for name, one in facts.statuses.items())
    yield from _others(facts)


def judge_stream(state: State | None, verified: verification.Verified | None, days: float,
                 now: datetime) -> Iterator[Finding]:  # fmt: skip
    """Say whether the stream runs and is current, and how long ago its backup was verified. Pure."""
    if state is None:
        yield Finding("NG", "stream", "none has ever run", "start `dco-stream run` as a service")
        return
    silent = (now - datetime.fromisoformat(state.at)).total_seconds()
    if silent > STILL_SECONDS:
        yield Finding("NG", "stream", f"{state.by} has said nothing for {silent:.0f} s", "start dco-stream again")
    else:
        yield Finding("OK", "stream", f"{state.by} said {max(silent, 0):.0f} s ago how it stands")
    yield from (Finding("NG", f"stream, {name}", said, "see its log") for name, said in sorted(state.troubles.items()))
    for name, part in sorted(state.parts.items()):
        if part.kept is None:
            yield Finding("NG", f"backup of {name}", "none of its log is kept yet", "wait, or see the stream's log")
        elif part.kept.risk_seconds > LATE_SECONDS:
            late = f"what was written in the last {part.kept.risk_seconds:.0f} s is not kept yet"
            yield Finding("NG", f"backup of {name}", late, "see the stream's log")
    if state.base is None:
        yield Finding("NG", "copy", "there is none yet: nothing can be restored", "wait for the first, or ask for one")
    yield _verified(verified, days, now)


def examine(server: Server, archive: Archive, names: tuple[str, ...], days: float, now: datetime) -> list[Finding]:
    """Look at server and stream; what goes wrong is a finding, too."""
    found: list[Finding] = []
    try:
        found += judge(look(server, names))
    except StreamError as error:
        found.append(Finding("NG", "server", error.what, error.remedy))
    try:
        found += judge_stream(archive.state(), verification.last(archive), days, now)
    except StreamError as error:
        found.append(Finding("NG", "backup", error.what, error.remedy))
    return found


def _status(server: Server, name: str) -> Status:
    line = server.line(name)
    try:
        return line.status()
    finally:
        line.close()


def _count(server: Server, word: str) -> int | None:
    """How many there are; None when APOC does not answer, because that is switched off."""
    try:
        return int(server.run(QUESTIONS[word])[0]["found"])
    except Refused:
        return None


def _format(name: str, status: Status) -> Finding:
    what = f"store of {name}"
    if status.format not in installation.FORMATS:
        detail = f"its format {status.format} is not proved"
        return Finding("NG", what, detail, "dump and load it, with a pause: `neo4j-admin database migrate` changes it")
    fence = f", fenced: {status.reason}" if status.fenced else ""
    return Finding("OK", what, f"format {status.format}, transaction {status.transaction}{fence}")


def _others(facts: Facts) -> Iterator[Finding]:
    strange = [name for name in facts.others if name != "apoc"]
    if strange:
        detail = f"{', '.join(strange)}: never tried beside ours"
        yield Finding("NG", "other plugins", detail, "try it in staging, or take them out")
    for word, found in facts.apoc.items():
        if found:
            detail = f"it has {found} {word}, which would write while a server follows"
            yield Finding("NG", "APOC", detail, f"remove its {word}, or let them run outside of the database")
    if "apoc" in facts.others and not any(facts.apoc.values()):
        yield Finding("OK", "APOC", "there, without triggers and jobs")


def _verified(verified: verification.Verified | None, days: float, now: datetime) -> Finding:
    again = "`dco-stream verify` reads it all"
    if verified is None:
        return Finding("NG", "verified", "the backup was never verified", again)
    age = (now - datetime.fromisoformat(verified.at)).total_seconds() / 86_400
    if not verified.sound:
        harm = len(verified.harm) + len(verified.broken_off)
        return Finding("NG", "verified", f"{harm} things are damaged or missing, as of {verified.at}", again)
    if age > days:
        return Finding("NG", "verified", f"the last time was {age:.0f} days ago", again)
    return Finding("OK", "verified", f"{age * 24:.0f} hours ago, all as written")


def _proved() -> str:
    return f"proved are {', '.join(installation.LINES)}: dump, load and check with a pause"
