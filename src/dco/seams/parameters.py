"""Parameters and secrets (SSM, Secrets Manager)."""

from typing import Protocol


class Parameters(Protocol):
    """Named values; slots are parameters."""

    def get(self, name: str) -> str | None:
        """Return a parameter's value, None when there is none."""
        ...

    def put(self, name: str, value: str) -> None:
        """Set a parameter; nothing is written when it has that value already."""
        ...

    def secret(self, name: str) -> dict[str, str]:
        """Return a secret's JSON fields. Raises `ConfigurationError` when there is none. Never log what it returns."""
        ...
