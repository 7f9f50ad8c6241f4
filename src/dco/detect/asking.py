"""Many small questions at once, all within one time: what is not answered by then is `Unreadable`, never left out."""

import queue
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

from dco.model.errors import DcoError, Unreadable

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


def ask_all(questions: Mapping[K, Callable[[], T]], *, at_once: int, seconds: float) -> dict[K, T | DcoError]:
    """Ask everything, so many at once; return each answer, or why there is none.

    A thread can't be stopped: one that hangs is left behind, and as a daemon never keeps the process from ending.
    """
    end = time.monotonic() + seconds
    waiting: queue.SimpleQueue[K] = queue.SimpleQueue()
    answers: queue.SimpleQueue[tuple[K, T | DcoError]] = queue.SimpleQueue()
    for key in questions:
        waiting.put(key)

    def work() -> None:
        while time.monotonic() < end:
            try:
                key = waiting.get_nowait()
            except queue.Empty:
                return
            answers.put((key, _ask(questions[key])))

    for number in range(min(at_once, len(questions))):
        threading.Thread(target=work, name=f"asking {number}", daemon=True).start()
    found = _collect(answers, len(questions), end)
    late = Unreadable(f"it did not answer within {seconds:g} s", "see whether it can be reached, or allow more time")
    return {key: found.get(key, late) for key in questions}


def _ask(question: Callable[[], T]) -> T | DcoError:
    try:
        return question()
    except DcoError as error:
        return error
    except Exception as error:  # noqa: BLE001  # the thread's edge: a defect must show as an error
        return DcoError(f"it stumbled: {type(error).__name__}: {error}", "this is a defect of dco: report it")


def _collect(answers: "queue.SimpleQueue[tuple[K, T | DcoError]]", wanted: int, end: float) -> dict[K, T | DcoError]:
    found: dict[K, T | DcoError] = {}
    while len(found) < wanted and (left := end - time.monotonic()) > 0:
        try:
            key, answer = answers.get(timeout=left)
        except queue.Empty:
            break
        found[key] = answer
    return found
