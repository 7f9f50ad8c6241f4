"""S3's objects are saved one by one: a backend that holds thousands is not written anew for one that was added.

An object is pickled when it is new or something of it was set since; the backend that holds it stores its name alone.
"""

import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.s3.models import FakeKey

_NAME, _SAVED = "part_name", "part_saved"
_REMEMBERED = 5000

_setattr = FakeKey.__setattr__
_getstate = FakeKey.__getstate__
_set_metadata = FakeKey.set_metadata


def install() -> None:
    """Let objects notice that they were changed. May be called again."""
    patched: Any = FakeKey
    patched.__setattr__, patched.__getstate__ = notice, shared_state
    patched.set_metadata = set_metadata


def notice(self: Any, name: str, value: Any) -> None:
    """Set an attribute, and note that the object is to be saved."""
    self.__dict__[_SAVED] = False
    _setattr(self, name, value)


def set_metadata(self: Any, metadata: Any, replace: bool = False) -> None:
    """Change metadata in place, which sets no attribute."""
    self.__dict__[_SAVED] = False
    _set_metadata(self, metadata, replace)


def shared_state(self: Any) -> dict[str, Any]:
    """Give what a copy of an object has in common with it: all but the name under which it is saved."""
    return {key: value for key, value in _getstate(self).items() if key not in {_NAME, _SAVED}}


class Parts:
    """The objects of this process by the names under which they are saved; used inside the runtime's lock."""

    def __init__(self) -> None:
        self._live: dict[str, Any] = {}
        self._used: set[str] = set()
        self._gone: deque[str] = deque()

    def name(self, held: Any) -> str:
        """Give the name under which an object is saved, the same for all its life."""
        known = held.__dict__.get(_NAME)
        if known is None:
            known = held.__dict__[_NAME] = uuid.uuid4().hex
            held.__dict__[_SAVED] = False
        self._live[known] = held
        return known

    def get(self, name: str) -> Any:
        """Give the live object of a name, also of one that was deleted not long ago."""
        return self._live[name]

    def changed(self, names: Iterable[str]) -> list[str]:
        """Give those that are not saved as they are now."""
        return [name for name in names if not self._live[name].__dict__[_SAVED]]

    def saved(self, names: Iterable[str]) -> None:
        """Note that these are saved as they are now."""
        for name in names:
            self._live[name].__dict__[_SAVED] = True

    def retire(self, used: set[str]) -> set[str]:
        """Take what is in use, and give the names of what no longer is; some are remembered for reads of the past."""
        gone = self._used - used
        self._used = used
        self._gone.extend(sorted(gone))
        while len(self._gone) > _REMEMBERED:
            self._live.pop(self._gone.popleft(), None)
        return gone

    def load(self, stored: Mapping[str, bytes], thaw: Callable[[bytes], dict[str, Any]]) -> None:
        """Make the objects that were saved."""
        for name, frozen in stored.items():
            made: Any = FakeKey.__new__(FakeKey)
            made.__setstate__(thaw(frozen))
            made.__dict__.update({_NAME: name, _SAVED: True})
            self._live[name] = made
        self._used = set(stored)
