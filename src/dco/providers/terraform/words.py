"""What terraform said, as errors for people: file and line, holder and since when, what to do next."""

import re
from typing import Any

import msgspec

from dco.model.errors import ConfigurationError, DcoError, Refused, StepFailed, Unreadable

_INIT_NEEDED = re.compile(
    r"terraform init|tofu init|Module not installed|Inconsistent dependency lock file|Required plugins are not inst"
    r"|(?i:backend initialization required|initialization required)|missing or corrupted provider plugins"
)
_PROVIDER = re.compile(
    r"Failed to (?:query available|install) provider|Could not retrieve the list of available versions"
    r"|provider registry .* does not have a provider|Failed to instantiate provider|Failed to load plugin schemas"
)
_CREDENTIALS = re.compile(
    r"No valid credential sources|ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch"
    r"|no EC2 IMDS role found|SSO session has expired|failed to refresh cached credentials"
)
_PLACE = re.compile(r"on (\S+) line (\d+)")
_FRAME = re.compile(r"^[│╷╵|]\s?", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LAST_LINES = 8


class Diagnostic(msgspec.Struct, frozen=True):
    """One complaint of terraform's: a summary, its detail and `FILE:LINE`, empty when it has no place."""

    summary: str
    detail: str = ""
    place: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.summary}\n{self.detail}"


class Holder(msgspec.Struct, frozen=True):
    """Who holds a state lock, from its Lock Info: its id, `user@host`, since when in UTC (without zone), for what."""

    id: str
    who: str
    created: str
    operation: str


def holder_of(complaints: tuple[Diagnostic, ...]) -> Holder | None:
    """Return who holds the state lock that terraform could not get; None when it complains of something else."""
    everything = "\n".join(complaint.text for complaint in complaints)
    facts = _lock_info(everything)
    if "state lock" not in everything or not {"ID", "Who", "Created"} <= facts.keys():
        return None
    return Holder(facts["ID"], facts["Who"], facts["Created"].partition(".")[0], facts.get("Operation", ""))


def diagnostics(out: str, err: str) -> tuple[Diagnostic, ...]:
    """Return the errors among terraform's output: its JSON lines, else what it wrote for people."""
    found = [_of_json(line["diagnostic"]) for line in messages(out) if _is_error(line)]
    if found:
        return tuple(found)
    words = _FRAME.sub("", _COLOUR.sub("", f"{err}\n{out}"))
    blocks = re.split(r"^Error: ", words, flags=re.MULTILINE)[1:]
    return tuple(_of_text(block) for block in blocks) or (Diagnostic("\n".join(last_lines(words)) or "no words"),)


def messages(out: str) -> list[dict[str, Any]]:
    """Return the JSON lines among terraform's output."""
    found: list[dict[str, Any]] = []
    for line in out.splitlines():
        if line.startswith("{"):
            try:
                found.append(msgspec.json.decode(line, type=dict[str, Any]))
            except msgspec.DecodeError:  # a line that was cut off, or a provider's own
                continue
    return found


def last_lines(text: str) -> list[str]:
    """Return the last lines that say something."""
    return [line.rstrip() for line in text.splitlines() if line.strip()][-_LAST_LINES:]


def needs_init(complaints: tuple[Diagnostic, ...]) -> bool:
    """Tell whether terraform only asks to be initialised."""
    return any(_INIT_NEEDED.search(complaint.text) for complaint in complaints)


def refusal(stack: str, doing: str, complaints: tuple[Diagnostic, ...]) -> DcoError:
    """Return why nothing could be planned, initialised or read: nothing was changed."""
    everything = "\n".join(complaint.text for complaint in complaints)
    first = next((complaint for complaint in complaints if complaint.place), complaints[0])
    if "state lock" in everything or "Lock Info:" in everything:
        return _locked(stack, everything)
    if _CREDENTIALS.search(everything):
        return Unreadable(f"terraform {doing} of {stack} has no valid AWS credentials: {first.summary}", _SIGN_IN)
    if _PROVIDER.search(everything):
        what = f"a provider of {stack} is missing or does not start: {first.summary}: {_line(first.detail)}"
        return ConfigurationError(what, "see required_providers, the lock file and the CLI configuration's mirror")
    if first.place:
        where = f"{stack}/{first.place}"
        return ConfigurationError(f"{where}: {first.summary}: {_line(first.detail)}", f"correct {where} and commit it")
    what = f"terraform {doing} of {stack} failed: {first.summary}: {_line(first.detail)}"
    return Unreadable(what, f"run terraform {doing} in {stack} by hand to see all of its words")


def failure(stack: str, complaints: tuple[Diagnostic, ...]) -> DcoError:
    """Return why a saved plan was not applied, or only in part."""
    everything = "\n".join(complaint.text for complaint in complaints)
    if "Saved plan is stale" in everything or "plan file can no longer be applied" in everything:
        return Refused(f"the saved plan of {stack} is stale: its state has moved on since", "plan and approve it anew")
    if "state lock" in everything:
        locked = _locked(stack, everything)
        return Refused(f"nothing was applied: {locked.what}", locked.remedy)
    words = "; ".join(f"{c.summary}: {_line(c.detail)}" if c.detail else c.summary for c in complaints)
    return StepFailed(f"terraform apply of {stack} failed: {words}", "what was applied is being taken back")


_SIGN_IN = "sign in again, or correct [aws] in dco.toml (profile, region, credentials file)"


def _locked(stack: str, text: str) -> Unreadable:
    """Name who holds a state lock and since when, from terraform's Lock Info."""
    facts = _lock_info(text)
    who = facts.get("Who", "someone unknown")
    since = facts.get("Created", "an unknown time").partition(".")[0]
    remedy = f"wait for it; if it is surely dead: terraform force-unlock {facts.get('ID', 'ID')} in {stack}"
    operation = f" for {facts['Operation'].removeprefix('OperationType')}" if "Operation" in facts else ""
    return Unreadable(f"the state of {stack} is locked by {who} since {since}{operation}", remedy)


def _lock_info(text: str) -> dict[str, str]:
    return dict(re.findall(r"^\s*(ID|Path|Operation|Who|Created):\s*(.+?)\s*$", text, re.MULTILINE))


def _is_error(line: dict[str, Any]) -> bool:
    return line.get("type") == "diagnostic" and line["diagnostic"].get("severity") == "error"


def _of_json(diagnostic: dict[str, Any]) -> Diagnostic:
    place = diagnostic.get("range")
    where = f"{place['filename']}:{place['start']['line']}" if place else ""
    return Diagnostic(diagnostic.get("summary", ""), diagnostic.get("detail", ""), where)


def _of_text(block: str) -> Diagnostic:
    summary, _, detail = block.partition("\n")
    place = _PLACE.search(detail)
    return Diagnostic(summary.strip(), detail.strip(), f"{place[1]}:{place[2]}" if place else "")


def _line(detail: str) -> str:
    """Return a detail as one line; terraform wraps and indents it, and quotes the source above the explanation."""
    shown = [line.strip() for line in detail.splitlines() if not re.match(r"\s*(\d+:|on \S+ line)", line)]
    return " ".join(line for line in shown if line) or "terraform says no more"
