"""What a story sees of the engine: a way to run a step once, whatever happens to the process."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

T = TypeVar("T")


class Steps(Protocol):
    """Runs steps durably."""

    def run(self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        """Run `work` and remember what it returned or which `DcoError` it raised; a resumed story gets the same.

        When the process dies inside of `work`, it is run again. `kind` is what it returns: a value that is plain JSON
        after `msgspec.to_builtins`. A story must ask for the same steps in the same order every time.
        """
        ...


Story = Callable[[Steps, str, dict[str, Any]], dict[str, Any]]
"""Told by its steps, its id and the request it was started with; both it and its result are plain JSON."""


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """A story that has begun and not ended; `elsewhere` when another process that lives tells it."""

    key: str
    elsewhere: bool
