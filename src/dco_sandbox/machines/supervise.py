"""What happens inside a running machine: the first boot, its units, and the end of all its processes."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dco_sandbox.machines.units import Desk, Unit, UnitError, read
from dco_sandbox.processes import Child, Processes

STOP_SECONDS = 30.0
_KILLED = 137
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass
class Workers:
    """Slow work aside from the tick, by name; each name is worked on once at a time."""

    _running: dict[str, threading.Thread] = field(default_factory=dict[str, threading.Thread])

    def busy(self, name: str) -> bool:
        """Say whether work under this name goes on."""
        return name in self._running and self._running[name].is_alive()

    def do(self, name: str, work: Callable[[], object]) -> None:
        """Begin work, unless the same goes on. It is lost with the daemon, and begun again by the next tick."""
        if not self.busy(name):
            self._running[name] = threading.Thread(target=work, name=name, daemon=True)
            self._running[name].start()


@dataclass(frozen=True)
class Site:
    """One machine as its supervisor sees it."""

    instance_id: str
    root: Path
    environment: Mapping[str, str]
    processes: Processes
    workers: Workers
    niceness: int = 0

    @property
    def prefix(self) -> str:
        """How the names of all processes of this machine begin."""
        return f"machine-{self.instance_id}-"

    def name(self, what: str) -> str:
        """Name one of the machine's processes."""
        return self.prefix + what.removesuffix(".service").replace("@", "-")

    def start(self, name: str, argv: Sequence[str], environment: Mapping[str, str], cwd: Path) -> Child:
        """Start a program of the machine."""
        nice = ["nice", "-n", str(self.niceness)] if self.niceness else []
        return self.processes.start(name, [*nice, *argv], env=environment, cwd=cwd)

    def alive(self) -> list[Child]:
        """Give the machine's processes that run."""
        children = (self.processes.find(name) for name in self.processes.names(self.prefix))
        return [child for child in children if child is not None]


def begin(site: Site) -> None:
    """Start a machine that has no process yet: units that are enabled are wanted, as at each boot."""
    desk = Desk(site.root)
    desk.clear()
    for name in site.processes.names(site.prefix):
        site.processes.forget(name)
    (site.root / "run" / "boot_id").write_text(_boot_id())
    for unit in desk.enabled():
        desk.want(unit)


def was_begun(site: Site) -> bool:
    """Say whether the machine was started since the computer was; if not, none of its processes can be there."""
    marker = site.root / "run" / "boot_id"
    return marker.exists() and marker.read_text() == _boot_id()


def look_after(site: Site, user_data: str) -> None:
    """Make one pass over a running machine: its first boot, then what `systemctl` was asked, then its units."""
    _boot_once(site, user_data)
    desk = Desk(site.root)
    for unit, verb in desk.requests().items():
        _serve(site, desk, unit, verb)
    for unit in desk.wanted():
        if not site.workers.busy(site.name(unit)):
            _keep_running(site, desk, unit)


def end(site: Site, grace: float = STOP_SECONDS) -> None:
    """Stop everything in a machine, all at once, aside from the tick."""
    for child in site.alive():
        site.workers.do(child.name, lambda child=child: child.stop(grace))


def _boot_once(site: Site, user_data: str) -> None:
    """Run the user data once in a machine's life, as cloud-init does; a boot that was cut short is done again."""
    home = site.root / "var" / "lib" / "cloud" / "instance"
    done, script = home / "sem-user-data", home / "user-data.sh"
    if done.exists():
        return
    if not user_data.startswith("#!"):
        done.write_text("no script\n")
        return
    child = site.processes.last(site.name("boot"))
    if child is None or child.exit_code() == _KILLED:
        script.write_text(user_data)
        script.chmod(0o700)
        started = site.start(site.name("boot"), [str(script)], site.environment, site.root / "root")
        _show_log(site, "cloud-init-output.log", started)
    elif not child.alive():
        done.write_text(f"exit {child.exit_code()}\n")


def _serve(site: Site, desk: Desk, unit: str, verb: str) -> None:
    """Do what `systemctl` asked for; a stop takes as long as the process does."""
    name = site.name(unit)
    if site.workers.busy(name):
        return
    child = site.processes.find(name)
    if verb in {"stop", "restart"} and child is not None:
        desk.drop(unit, "deactivating")
        site.workers.do(name, lambda: child.stop(_stop_seconds(desk, unit)))
        return
    if verb == "stop":
        desk.drop(unit, "inactive")
    else:
        site.processes.forget(name) if child is None else None
        desk.want(unit)
        _keep_running(site, desk, unit)
    desk.answer(unit)


def _keep_running(site: Site, desk: Desk, name: str) -> None:
    child = site.processes.last(site.name(name))
    if child is not None and child.alive():
        desk.note(name, "active")
        return
    try:
        unit = read(desk.unit(name))
    except UnitError as error:
        (site.root / "var" / "log" / f"{name}.error").write_text(f"{error}\n")
        desk.drop(name, "failed")
        return
    code = None if child is None else child.exit_code()
    if code is not None and not unit.restarts_after(code):
        desk.drop(name, "failed" if code else "inactive")
    elif desk.may_start(name, unit.start_window_seconds):
        _start(site, name, unit)
        desk.note(name, "active")
    else:
        desk.drop(name, "failed")


def _start(site: Site, name: str, unit: Unit) -> None:
    environment = {**site.environment, **unit.environment}
    cwd = Path(unit.directory) if unit.directory else site.root
    started = site.start(site.name(name), unit.argv, environment, cwd)
    _show_log(site, f"{name.removesuffix('.service')}.log", started)


def _show_log(site: Site, name: str, child: Child) -> None:
    link = site.root / "var" / "log" / name
    if not link.is_symlink() and not link.exists():
        link.symlink_to(child.log)


def _stop_seconds(desk: Desk, unit: str) -> float:
    try:
        return read(desk.unit(unit)).stop_seconds
    except UnitError:
        return STOP_SECONDS


def _boot_id() -> str:
    return _BOOT_ID.read_text() if _BOOT_ID.exists() else "one"
