"""Telling people."""

from typing import Protocol


class Notices(Protocol):
    """Messages to people, by webhook and topic."""

    def send(self, subject: str, text: str, facts: dict[str, str]) -> tuple[str, ...]:
        """Send to every configured place; return a sentence for each that could not be reached."""
        ...
