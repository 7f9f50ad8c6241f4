"""Alarms (CloudWatch)."""

from typing import Protocol


class Alarms(Protocol):
    """What the alarms say."""

    def ringing(self, names: list[str]) -> tuple[str, ...]:
        """Return those of the named alarms that ring, each as `NAME: reason`.

        Raises `ConfigurationError` for a name that does not exist.
        """
        ...
