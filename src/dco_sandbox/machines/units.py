"""systemd units of a machine: read like systemd does, started and kept running by the sandbox.

What `systemctl` asks stands in files below `run/systemd` of the machine, as do the answers, so that a daemon that
was killed goes on where it was. Follows systemd.service(5) for Restart= and systemd.unit(5) for the start limit.
"""

import re
import shlex
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

START_LIMIT = 5
START_WINDOW_SECONDS = 10.0
_CONTINUED = re.compile(r"\\\n\s*")


class UnitError(ValueError):
    """A unit file can't be used; the message is what `systemctl status` would say."""


@dataclass(frozen=True)
class Unit:
    """What the sandbox takes of a unit file."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str | None = None
    restart: str = "no"
    stop_seconds: float = 90.0
    start_window_seconds: float = START_WINDOW_SECONDS
    """In how long only so many starts are made; 0 takes away the limit."""

    def restarts_after(self, exit_code: int) -> bool:
        """Say whether the unit is started again when its process ended with this code."""
        return self.restart == "always" or (self.restart in {"on-failure", "on-abnormal"} and exit_code != 0)


def read(path: Path) -> Unit:
    """Read a unit file; raises UnitError when there is nothing to start."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise UnitError(f"Unit {path.name} not found.") from None
    settings = _settings(text, "[Service]")
    window = _settings(text, "[Unit]").get("StartLimitIntervalSec", [f"{START_WINDOW_SECONDS:g}"])[-1]
    command = settings.get("ExecStart", [""])[-1]
    argv = shlex.split(command.lstrip("-@+!:"))
    if not argv:
        raise UnitError(f"{path.name}: Service has no ExecStart= setting. Refusing.")
    environment: dict[str, str] = {}
    for name in settings.get("EnvironmentFile", []):
        environment.update(_environment_file(Path(name.removeprefix("-")), optional=name.startswith("-")))
    for line in settings.get("Environment", []):
        words = (word.partition("=") for word in shlex.split(line))
        environment.update({name: value for name, equals, value in words if equals})
    return Unit(
        argv=tuple(argv),
        environment=environment,
        directory=(settings.get("WorkingDirectory") or [None])[-1],
        restart=settings.get("Restart", ["no"])[-1],
        stop_seconds=_seconds(settings.get("TimeoutStopSec", ["90"])[-1]),
        start_window_seconds=_seconds(window),
    )


@dataclass(frozen=True)
class Desk:
    """The files through which a machine's `systemctl` and the sandbox speak."""

    root: Path

    @property
    def _run(self) -> Path:
        return self.root / "run" / "systemd"

    def unit(self, name: str) -> Path:
        """Give the path of a unit file."""
        return self.root / "etc" / "systemd" / "system" / name

    def enabled(self) -> list[str]:
        """Name the units that are started with the machine."""
        return _names(self.root / "etc" / "systemd" / "system" / "multi-user.target.wants")

    def requests(self) -> dict[str, str]:
        """Give what was asked and isn't done: unit → start, stop or restart."""
        folder = self._run / "requests"
        return {name: (folder / name).read_text().strip() for name in _names(folder)}

    def answer(self, name: str) -> None:
        """Tell `systemctl` that what it asked is done."""
        (self._run / "requests" / name).unlink(missing_ok=True)

    def wanted(self) -> list[str]:
        """Name the units that should run."""
        return _names(self._run / "wanted")

    def want(self, name: str) -> None:
        """Note that a unit should run, with no starts counted yet."""
        self._write("wanted", name, "")

    def drop(self, name: str, state: str) -> None:
        """Note that a unit should no longer run, and in which state that leaves it."""
        (self._run / "wanted" / name).unlink(missing_ok=True)
        self.note(name, state)

    def note(self, name: str, state: str) -> None:
        """Write a unit's state for `systemctl` to read."""
        path = self._run / "state" / name
        if not path.exists() or path.read_text().strip() != state:
            self._write("state", name, f"{state}\n")

    def may_start(self, name: str, window_seconds: float = START_WINDOW_SECONDS) -> bool:
        """Count a start, and say no when there were too many in a short time."""
        path = self._run / "wanted" / name
        now = time.time()
        recent = [began for began in map(float, path.read_text().split()) if now - began < window_seconds]
        if len(recent) >= START_LIMIT:
            return False
        self._write("wanted", name, " ".join(map(str, [*recent, now])))
        return True

    def clear(self) -> None:
        """Forget all that doesn't outlive a boot."""
        shutil.rmtree(self._run, ignore_errors=True)
        self._run.mkdir(parents=True)

    def _write(self, folder: str, name: str, text: str) -> None:
        """Replace a file at once, for the other side may be reading it."""
        place = self._run / folder
        place.mkdir(parents=True, exist_ok=True)
        staging = place / f".{name}"
        staging.write_text(text)
        staging.replace(place / name)


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def _settings(text: str, wanted: str) -> dict[str, list[str]]:
    """Read a section; an empty value takes back what was set before."""
    settings: dict[str, list[str]] = {}
    section = ""
    for line in _CONTINUED.sub(" ", text).splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped
        elif section == wanted and "=" in stripped and not stripped.startswith(("#", ";")):
            name, _, value = stripped.partition("=")
            settings.setdefault(name.strip(), []).append(value.strip())
            if not value.strip():
                del settings[name.strip()]
    return settings


def _environment_file(path: Path, *, optional: bool) -> dict[str, str]:
    if not path.exists():
        if optional:
            return {}
        raise UnitError(f"Failed to load environment files: {path} is not there.")
    lines = [line.strip() for line in path.read_text().splitlines()]
    pairs = [line.partition("=") for line in lines if "=" in line and not line.startswith(("#", ";"))]
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def _seconds(text: str) -> float:
    """Read systemd's spans as far as units use them: `90`, `90s`, `2min`."""
    match = re.fullmatch(r"(\d+)\s*(s|sec|min|ms)?", text.strip())
    if match is None:
        return 90.0
    return int(match[1]) * {"min": 60.0, "ms": 0.001}.get(match[2] or "s", 1.0)
