"""Whether a night takes much longer than nights usually do, and telling people so once."""

from collections.abc import Callable
from datetime import datetime
from statistics import median
from typing import Any

from dco.model.canonical import canonical
from dco.model.environment import Environment
from dco.model.errors import DcoError
from dco.model.outcome import Outcome, Report
from dco.record import nights
from dco.seams.outside import Outside

LOOKED_AT = 20
"""So many of the newest reports say what is usual."""
LOOK_SECONDS = 10.0
"""Between two looks; a quiet night is over before the first, and pays nothing for it."""
ENOUGH = 3
"""From so many deployments on there is a usual time."""


def limit_seconds(reports: tuple[Report, ...], factor: float) -> float | None:
    """Return after how many seconds a night is late: `factor` times the median of those that deployed.

    None while there is no usual time, or when `factor` says that nobody wants to know.
    """
    taken = [_seconds(one.began, one.ended) for one in reports if one.outcome is Outcome.DEPLOYED]
    return factor * median(taken) if len(taken) >= ENOUGH and factor > 0 else None


class Lateness:
    """Watches one night's time; what is usual is read from the records once, when it is first asked."""

    def __init__(self, environment: Environment, outside: Outside, night: str, began: str) -> None:
        self._environment = environment
        self._outside = outside
        self._night = night
        self._began = began
        self._limit: float | None = None
        self._looked = self._told = False

    def await_end(self, wait: Callable[[], dict[str, Any] | None], said: Callable[[str], None]) -> dict[str, Any]:
        """Call `wait` until it returns a night's end; look in between, and say what was told or why it was not."""
        while (done := wait()) is None:
            try:
                if late := self.look():
                    said(f"late: {late}")
            except DcoError as error:
                said(f"late: could not look whether the night takes long: {error.what}")
        return done

    def look(self) -> str | None:
        """Tell people when the night is late, once; return the sentence then. Raises `DcoError` of the records.

        A night that waits for people is not late: they have been told.
        """
        objects, factor = self._outside.objects, self._environment.notify.slow_factor
        if not self._looked:
            self._limit = limit_seconds(nights.reports(objects, LOOKED_AT), factor)
            self._looked = True
        now = self._outside.clock.now()
        seconds = _seconds(self._began, now)
        if self._told or self._limit is None or seconds < self._limit or nights.who_waits(objects) == self._night:
            return None
        sentence = f"it runs for {seconds:.0f} s; nights that deploy usually take {self._limit / factor:.0f} s"
        # the time in it makes the object ours alone: who goes on with a killed night does not tell it again
        if objects.put_new(f"nights/{self._night}/late.json", canonical({"at": now, "sentence": sentence})):
            subject = f"{self._environment.name}: night {self._night} takes long"
            self._outside.notices.send(subject, sentence, {"night": self._night})
        self._told = True
        return sentence


def _seconds(began: str, ended: str) -> float:
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
