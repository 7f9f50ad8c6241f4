"""What `dco.toml` says about when updates start, who is asked, and what waits."""

from datetime import date
from typing import Literal, get_args

import msgspec

from dco.model.section import Section

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Window(Section, frozen=True, kw_only=True):
    """A time in which updates may start, in the environment's time zone."""

    days: list[Day] = msgspec.field(default_factory=lambda: list(get_args(Day)))
    begin: str = "00:00"
    end: str = "24:00"


class Ignore(Section, frozen=True, kw_only=True):
    """Changes that nothing is done about for a while. It has an end and a reason, or it is none."""

    component: str
    """`application:api`, `library:*`; `*` stands for any characters."""
    until: str
    """The last day, as `2026-12-31`."""
    why: str

    def __post_init__(self) -> None:
        """Refuse an ignore without a day or a reason."""
        try:
            date.fromisoformat(self.until)
        except ValueError:
            raise ValueError(f"until {self.until!r} is no day such as 2026-12-31") from None
        if not self.why.strip():
            raise ValueError("why must say why")


class Policy(Section, frozen=True, kw_only=True):
    """What starts by itself, what needs people, and when nothing may start."""

    automatic_below: Literal["low", "medium", "high", "never-ask"] = "medium"
    """Plans of a lower risk start by themselves: "low" asks always, "never-ask" never."""
    approvals: int = 1
    approvers: list[str] = []
    """ARNs, with `*` for any run of characters; never the author of the plan."""
    expires_minutes: float = 480
    windows: list[Window] = []
    time_zone: str = "UTC"
    on_unknown: Literal["stop", "go-on"] = "stop"
    always_ask: list[str] = []
    """Components (`stack:*`) that need people whatever their risk."""
    automatic: list[str] = []
    """Components of which a step of medium risk counts as low; a high one stays high."""
    ignore: list[Ignore] = []
    together: list[list[str]] = []
    """Groups of components that belong together: none moves before each has something to do."""
