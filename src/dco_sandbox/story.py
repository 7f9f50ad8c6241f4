"""The screen: a present-tense line per stage with its time, also when stages run side by side."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Story:
    """Tells stages to a person; `tell` gets one line at a time, from any thread."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._began = time.monotonic()

    @contextmanager
    def stage(self, sentence: str) -> Generator[None]:
        """Tell a stage when it is over, with the seconds that it took; one that fails is told by its error."""
        began = time.monotonic()
        yield
        self.say(f"{time.monotonic() - began:6.1f} s  {sentence}")

    def say(self, line: str) -> None:
        """Tell a line as it is."""
        with self._lock:
            self._tell(line)

    @property
    def seconds(self) -> float:
        """How long the story has been going on."""
        return time.monotonic() - self._began
