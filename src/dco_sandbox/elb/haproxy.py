"""HAProxy as a supervised process: started, told over its sockets, reloaded without losing a connection."""

import os
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

from dco_sandbox.elb.plan import Plan, changed_maps, render, server_commands, shares
from dco_sandbox.runtime import Runtime

NAME = "haproxy"
_RELOAD_SECONDS = 5.0
_RESTART_SECONDS = 1.0
_ANSWER_SECONDS = 3.0


class HaproxyMissingError(RuntimeError):
    """HAProxy is not installed; the message says how to get it."""


class Haproxy:
    """Keeps HAProxy doing what a plan says. Holds nothing that must survive: after a restart it reloads."""

    def __init__(self) -> None:
        self._applied: Plan | None = None
        self._reload_from: tuple[str, float] | None = None
        self._started = 0.0

    def follows(self, plan: Plan) -> bool:
        """Say whether HAProxy is known to do what a plan says, no reload under way."""
        return self._applied == plan and self._reload_from is None

    def apply(self, runtime: Runtime, plan: Plan) -> None:
        """Bring HAProxy to a plan: by commands where these do, else by a reload, else by starting it."""
        directory = runtime.world.sandbox / NAME
        child = runtime.processes.find(NAME)
        if not plan.entrances:
            if child is not None:
                child.stop(2.0)
            self._applied = None
            return
        if child is None:
            self._start(runtime, directory, plan)
        elif self._reload_from is not None:
            self._await_reload(runtime, directory)
        elif self._applied is None or self._applied.shape() != plan.shape():
            self._reload(directory, plan)
        elif self._applied != plan:
            self._tell(directory, self._applied, plan)

    def _start(self, runtime: Runtime, directory: Path, plan: Plan) -> None:
        if time.monotonic() - self._started < _RESTART_SECONDS:
            return
        self._started = time.monotonic()
        program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            raise HaproxyMissingError("haproxy is not on PATH. Install it: apt-get install haproxy")
        last = runtime.processes.last(NAME)
        if last is not None:
            last.stop(0.0)  # a worker may have outlived its master
        _write(directory, plan)
        argv = [program, "-W", "-db", "-S", "unix@master.sock", "-f", "haproxy.cfg"]
        runtime.processes.start(NAME, argv, env={"PATH": os.defpath}, cwd=directory)
        self._applied, self._reload_from = plan, None
        _wait_for_socket(directory)

    def _reload(self, directory: Path, plan: Plan) -> None:
        """Write the maps and the configuration, then ask for the reload; its end is seen in a later tick."""
        _write(directory, plan)
        try:
            self._reload_from = (_worker(directory), time.monotonic())
            _ask(directory, "master.sock", "reload")
        except OSError:
            self._reload_from = None
            return
        self._applied = plan

    def _await_reload(self, runtime: Runtime, directory: Path) -> None:
        """Wait until the new worker answers; until then a command could reach the old one and be lost."""
        if self._reload_from is None:
            return
        worker, since = self._reload_from
        with suppress(OSError):
            if _worker(directory) != worker:
                self._reload_from = None
                return
        if time.monotonic() - since > _RELOAD_SECONDS:
            child = runtime.processes.find(NAME)
            if child is not None:
                child.stop(2.0)
            self._reload_from = None

    def _tell(self, directory: Path, old: Plan, new: Plan) -> None:
        commands = server_commands(old, new)
        try:
            if commands:
                _tell_all(directory, commands)
            for entrance in changed_maps(old, new):
                _swap_map(directory, f"{entrance.name}.map", shares(entrance))
            _write(directory, new)
        except OSError:
            # It died or hangs: the next tick starts or reloads it with the whole plan.
            self._applied = None
        else:
            self._applied = new


def _write(directory: Path, plan: Plan) -> None:
    """Write everything that HAProxy reads at a start or reload, the maps first."""
    directory.mkdir(parents=True, exist_ok=True)
    for entrance in plan.entrances:
        (directory / f"{entrance.name}.map").write_text("".join(f"{line}\n" for line in shares(entrance)))
    (directory / "haproxy.cfg").write_text(render(plan))


def _swap_map(directory: Path, name: str, lines: list[str]) -> None:
    """Replace a map's whole content at once: a new version is filled, then made the current one."""
    answer = _ask(directory, "admin.sock", f"prepare map {name}")
    version = answer.strip().rpartition(" ")[2]
    for line in lines:
        _ask(directory, "admin.sock", f"add map @{version} {name} {line}")
    _ask(directory, "admin.sock", f"commit map @{version} {name}")


def _tell_all(directory: Path, commands: list[str]) -> None:
    """Give commands to the worker, and to older ones that still finish connections after a reload."""
    _ask(directory, "admin.sock", "; ".join(commands))
    for pid in _older_workers(directory):
        _ask(directory, "master.sock", "; ".join(f"@!{pid} {command}" for command in commands))


def _older_workers(directory: Path) -> list[str]:
    lines = _ask(directory, "master.sock", "show proc").splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("# old workers")), len(lines))
    cells = [line.split() for line in lines[start + 1 :] if line and not line.startswith("#")]
    return [row[0] for row in cells if len(row) > 1 and row[1] == "worker"]


def _worker(directory: Path) -> str:
    answer = _ask(directory, "admin.sock", "show info")
    return next((line for line in answer.splitlines() if line.startswith("Pid:")), "")


def _ask(directory: Path, name: str, command: str) -> str:
    """Send one line of commands to a socket and return the answer; raises OSError when nobody answers."""
    descriptor = os.open(directory, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            # A world's path may be longer than a socket's address can be.
            connection.connect(f"/proc/self/fd/{descriptor}/{name}")
            connection.sendall(command.encode() + b"\n")
            # The master's socket stays open after an answer, unless it was told that nothing more comes.
            connection.shutdown(socket.SHUT_WR)
            parts: list[bytes] = []
            with suppress(ConnectionResetError):
                while part := connection.recv(65536):
                    parts.append(part)
            return b"".join(parts).decode()
    finally:
        os.close(descriptor)


def _wait_for_socket(directory: Path) -> None:
    end = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < end:
        with suppress(OSError):
            _ask(directory, "admin.sock", "show info")
            return
        time.sleep(0.02)


def open_requests(directory: Path) -> dict[tuple[str, int], int]:
    """Return how many requests each server (group's name, slot) works on; raises OSError when nobody answers."""
    found: dict[tuple[str, int], int] = {}
    answers = [_ask(directory, "admin.sock", "show stat -1 4 -1")]
    answers += [_ask(directory, "master.sock", f"@!{pid} show stat -1 4 -1") for pid in _older_workers(directory)]
    for answer in answers:
        for key, count in _open(answer.splitlines()).items():
            found[key] = found.get(key, 0) + count
    return found


def _open(lines: list[str]) -> dict[tuple[str, int], int]:
    columns = lines[0].lstrip("# ").split(",") if lines else []
    if "scur" not in columns:
        return {}
    pool, server, current = (columns.index(name) for name in ("pxname", "svname", "scur"))
    rows = [line.split(",") for line in lines[1:]]
    return {
        (cells[pool], int(cells[server][1:])): int(cells[current] or 0)
        for cells in rows
        if len(cells) > current and cells[server].startswith("t") and cells[server][1:].isdigit()
    }
