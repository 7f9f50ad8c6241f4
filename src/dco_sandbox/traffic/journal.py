"""Every write sent and every one acknowledged, a JSON line each, on disk before anything else is done with it."""

import os
from pathlib import Path
from typing import Any, Literal

import msgspec

from dco_sandbox.traffic.choice import Action, Call


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line: a write as it was sent, or the answer that acknowledged it."""

    event: Literal["sent", "acknowledged"]
    key: str
    action: Action
    body: dict[str, Any] = {}
    answer: dict[str, Any] = {}


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal tells of one write; `answer` is None when none ever came."""

    key: str
    action: Action
    body: dict[str, Any]
    answer: dict[str, Any] | None


class Journal:
    """Appends to a file. Each line is one system call, so that a killed generator leaves all that it knew."""

    def __init__(self, path: Path) -> None:
        """Open the file, less a last line that a killed writer did not finish."""
        if path.exists():
            there = path.read_bytes()
            os.truncate(path, there.rfind(b"\n") + 1)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def sent(self, call: Call) -> None:
        """Note a write that is about to be sent."""
        self._append(Entry(event="sent", key=call.key or "", action=call.action, body=call.body))

    def acknowledged(self, call: Call, answer: dict[str, Any]) -> None:
        """Note that a write was acknowledged."""
        self._append(Entry(event="acknowledged", key=call.key or "", action=call.action, answer=answer))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _append(self, entry: Entry) -> None:
        os.write(self._file, msgspec.json.encode(entry) + b"\n")


def read_journal(path: Path) -> list[Write]:
    """Return all writes of a journal in order; a last line without its end was never complete and is left out."""
    sent: dict[str, Entry] = {}
    answers: dict[str, dict[str, Any]] = {}
    for line in path.read_bytes().split(b"\n")[:-1]:
        entry = msgspec.json.decode(line, type=Entry)
        if entry.event == "sent":
            sent[entry.key] = entry
        else:
            answers[entry.key] = entry.answer
    return [Write(key=key, action=it.action, body=it.body, answer=answers.get(key)) for key, it in sent.items()]
