"""What a figure is, and how the table of them is printed and kept."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

RESULTS = Path(__file__).parent / "results.json"
TOLD = "told"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A measured figure; `target` says what is promised, as `≤ 3`."""

    figure: str
    unit: str
    median: float
    min: float
    max: float
    runs: int
    target: str
    machine: str

    @property
    def holds(self) -> bool:
        """Whether the median keeps the promise; what is only told can't break one."""
        if self.target == TOLD:
            return True
        sign, _, bound = self.target.partition(" ")
        return self.median <= float(bound) if sign == "≤" else self.median >= float(bound)


def machine() -> str:
    """Describe this machine in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {memory} GiB, {system}, Python {platform.python_version()}"


def figure(name: str, unit: str, values: list[float], target: str) -> Figure:
    """Sum up the values of a figure's runs."""
    return Figure(
        figure=name,
        unit=unit,
        median=round(statistics.median(values), 3),
        min=round(min(values), 3),
        max=round(max(values), 3),
        runs=len(values),
        target=target,
        machine=machine(),
    )


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes by the clock."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def keep(found: list[Figure]) -> None:
    """Write the figures; those not measured this time stay as they are."""
    known = msgspec.json.decode(RESULTS.read_bytes(), type=list[Figure]) if RESULTS.exists() else []
    fresh = {one.figure: one for one in found}
    whole = [fresh.pop(one.figure, one) for one in known] + list(fresh.values())
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n")


def show(one: Figure) -> None:
    """Print a figure as a row."""
    mark = "OK" if one.holds else "NG"
    spread = f"({one.min:.3f} to {one.max:.3f}, {one.runs} runs)"
    print(f"{one.figure:28} {one.median:9.3f} {one.unit:3} {spread:32} {one.target:8} {mark}", flush=True)
