"""Runs on a database's own machine: gives its Neo4j the plugin, or takes it away again.

The server gets it while it serves, as an agent of its JVM, and loads it by itself at its next start; or by one restart.
Sent there by `dco plugin install`, so it uses nothing but Python 3.9, systemd and, for the key, the AWS command. It may
be run again at any time: what is there already is not touched. A server that does not come up with the plugin is put
back and started as it was, whether anybody still listens or not.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(os.environ.get("DCO_ROOT", "/"))
UNIT = "neo4j.service"
UNITS = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
ALLOWED = ("dbms.security.procedures.unrestricted", "dbms.security.procedures.allowlist")
OURS = "dco.*"
MARK = ".before-dco"
"""What the name of a file ends with that holds how it was before."""
SERVER = "org.neo4j.server."
"""How the class begins that a server's JVM runs."""
HINDRANCES = ("-Xrs", "-XX:+DisableAttachMechanism", "-XX:-EnableDynamicAgentLoading")
"""With which a JVM takes no agent; the first one would let it die of being asked."""
ATTACH_SECONDS = 10
STARTED = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})\S* \w+ +(Starting|Started)\b")


class Place(NamedTuple):
    """Where the server keeps what has to be changed."""

    conf: Path
    plugins: Path
    log: Path
    user: str

    @property
    def jar(self) -> Path:
        """The plugin."""
        return self.plugins / "dco.jar"

    @property
    def key(self) -> Path:
        """The file with its key."""
        return self.conf.with_name("dco.key")

    @property
    def before(self) -> Path:
        """How the configuration was, while a restart has not ended well."""
        return self.conf.with_name(self.conf.name + MARK)


class FailedError(Exception):
    """What went wrong, as a sentence."""


def main() -> int:
    """Do what the command line says; what it prints last is for a person."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("look", "install", "remove"))
    parser.add_argument("--jar", type=Path)
    parser.add_argument("--secret")
    parser.add_argument("--region")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--live", action="store_true")
    asked = parser.parse_args()
    try:
        with (ROOT / "run" / "dco-plugin.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            place = find()
            if asked.verb == "look":
                print(json.dumps(look(place, asked.secret, asked.region)))
            elif asked.verb == "install":
                seconds = None if asked.live else asked.seconds
                install(place, asked.jar.read_bytes(), read_key(asked.secret, asked.region), seconds)
            else:
                remove(place, None if asked.live else asked.seconds)
    except FailedError as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


def find() -> Place:
    """Read the service's unit and the server's configuration."""
    unit = next((ROOT / folder / UNIT for folder in UNITS if (ROOT / folder / UNIT).exists()), None)
    if unit is None:
        raise FailedError(f"there is no {UNIT}: dco restarts a Neo4j that systemd runs")
    text = unit.read_text()
    environment = dict(re.findall(r"^Environment=\"?(\w+)=([^\"\n]*)", text, re.MULTILINE))
    user = re.search(r"^User=(\S+)", text, re.MULTILINE)
    home = Path(environment.get("NEO4J_HOME", ROOT / "var/lib/neo4j"))
    conf = Path(environment.get("NEO4J_CONF", ROOT / "etc/neo4j")) / "neo4j.conf"
    if not conf.is_file():
        raise FailedError(f"{UNIT} names no configuration: there is no {conf}")
    settings = read_settings(conf)

    def directory(what: str) -> Path:
        return home / settings.get(f"server.directories.{what}", what)

    return Place(conf, directory("plugins"), directory("logs") / "neo4j.log", user[1] if user else "root")


def read_settings(conf: Path) -> dict[str, str]:
    """Return the settings of a neo4j.conf."""
    lines = [line.partition("=") for line in conf.read_text().splitlines() if not line.lstrip().startswith("#")]
    return {name.strip(): value.strip() for name, equals, value in lines if equals}


def look(place: Place, secret: str, region: str) -> dict[str, object]:
    """Say how things are, changing nothing."""
    read_key(secret, region)
    if not os.access(place.conf, os.W_OK):
        raise FailedError(f"{place.conf} can't be written")
    return {"seconds": last_start(place.log), "hindrance": hindrance(place)}


def last_start(log: Path) -> float | None:
    """Return how many seconds the last start took, as the server's own log tells; None where it does not."""
    began = took = None
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    for found in filter(None, map(STARTED.match, lines)):
        moment = datetime.fromisoformat(found[1])
        if found[2] == "Starting":
            began = moment
        elif began is not None:
            took = (moment - began).total_seconds()
    return took


def read_key(secret: str, region: str) -> str:
    """Return the plugin's key, which never comes with the command: this machine has to be let read it."""
    words = ["secretsmanager", "get-secret-value", "--secret-id", secret, "--region", region]
    asked = subprocess.run(
        ["aws", *words, "--query", "SecretString", "--output", "text"], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        said = asked.stderr.strip().splitlines()
        raise FailedError(f"this machine can't read the secret {secret}: {said[-1] if said else 'aws said nothing'}")
    try:
        return str(json.loads(asked.stdout)["key"])
    except (ValueError, KeyError, TypeError):
        raise FailedError(f"the secret {secret} is no JSON with a key") from None


def install(place: Place, jar: bytes, key: str, seconds: float | None) -> None:
    """Put plugin, key and settings in place, and restart, or without seconds join; or leave everything as it was."""
    wanted = allowed(place.conf.read_text())
    as_wanted = (
        place.jar.exists()
        and place.jar.read_bytes() == jar
        and place.key.exists()
        and key in place.key.read_text().split()
        and wanted == place.conf.read_text()
    )
    # the copy of how it was goes when the server is up: while it is there, no restart has ended well
    if as_wanted and not place.before.exists():
        if seconds is None:
            join(place)  # what lies there may not have been loaded yet
        print("the plugin is there already")
        return
    if not place.before.exists():
        if place.jar.exists():
            raise FailedError(f"{place.jar} is another plugin than this dco's: take it away, or let an image ship it")
        shutil.copy2(place.conf, place.before)
    place.plugins.mkdir(parents=True, exist_ok=True)
    put(place.jar, jar, 0o640, place.user)
    put(place.key, (key + "\n").encode(), 0o600, place.user)
    put(place.conf, wanted.encode(), place.conf.stat().st_mode & 0o777, place.user)
    if seconds is None:
        join_or_put_back(place)
        return
    try:
        took = restart(place, seconds)
    except FailedError as failed:
        put_back(place)
        took = restart(place, seconds)
        raise FailedError(f"{failed}; it serves as before again, after {took:.1f} s") from None
    place.before.unlink()
    print(f"restarted in {took:.1f} s, with the plugin")


def join_or_put_back(place: Place) -> None:
    """Let the running server load what was put in place; it does so by itself at its next start."""
    try:
        join(place)
    except FailedError as failed:
        put_back(place)
        raise FailedError(f"{failed}; nothing was restarted, and all is as before") from None
    place.before.unlink()
    print("it has the plugin, without a restart")


def remove(place: Place, seconds: float | None) -> None:
    """Take the plugin away, and restart; without seconds the server has it until its next start.

    What the server had of it in its data directory is its own.
    """
    if not place.jar.exists() and not place.before.exists():
        print("the plugin is not there")
        return
    put_back(place)
    if seconds is None:
        print("the server's next start will be without the plugin")
        return
    print(f"restarted in {restart(place, seconds):.1f} s, without the plugin")


def put_back(place: Place) -> None:
    """Put plugin, key and settings back as they were; the server still runs with what it read."""
    text = (place.before if place.before.exists() else place.conf).read_text()
    put(place.conf, forbidden(text).encode(), place.conf.stat().st_mode & 0o777, place.user)
    for path in (place.jar, place.key, place.before):
        if path.exists():
            path.unlink()


def allowed(text: str) -> str:
    """Write a configuration so that the plugin's procedures may reach the server's inside."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        name, equals, value = line.partition("=")
        names = [one.strip() for one in value.split(",") if one.strip()]
        if equals and name.strip() in ALLOWED and OURS not in names and names != ["*"]:
            lines[number] = f"{name.strip()}={','.join([*names, OURS])}"
    if not any(line.partition("=")[0].strip() == ALLOWED[0] for line in lines):
        lines.append(f"{ALLOWED[0]}={OURS}")
    return "\n".join(lines) + "\n"


def forbidden(text: str) -> str:
    """Take that away again; a line that was for the plugin alone goes."""
    lines: list[str] = []
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        names = [one.strip() for one in value.split(",") if one.strip()]
        if equals and name.strip() in ALLOWED and OURS in names:
            names.remove(OURS)
            if not names:
                continue
            lines.append(f"{name.strip()}={','.join(names)}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def put(path: Path, content: bytes, mode: int, user: str) -> None:
    """Write a file at once, for the server's user alone."""
    fresh = path.with_name(path.name + ".dco-new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        owner = pwd.getpwnam(user)
        os.chown(fresh, owner.pw_uid, owner.pw_gid)
    except KeyError:
        pass  # a machine without that user runs it as ours
    fresh.chmod(mode)
    fresh.replace(path)


def restart(place: Place, seconds: float) -> float:
    """Restart the server and wait until it answers; return how long nobody was answered."""
    began = time.monotonic()
    done = subprocess.run(["systemctl", "restart", UNIT], capture_output=True, text=True, check=False)
    if done.returncode:
        raise FailedError(f"systemd did not start it: {done.stderr.strip()}")
    host, port = bolt(read_settings(place.conf))
    while not answers(host, port):
        if subprocess.run(["systemctl", "is-active", "-q", UNIT], check=False).returncode:
            raise FailedError(f"the server ended again: {last_words(place.log)}")
        if time.monotonic() - began > seconds:
            raise FailedError(
                f"the server did not answer on {host}:{port} within {seconds:.0f} s: {last_words(place.log)}"
            )
        time.sleep(0.2)
    return time.monotonic() - began


def server(place: Place) -> int | None:
    """Return the process of the server that runs with this configuration."""
    wanted = f"--config-dir={place.conf.parent}"
    for folder in Path("/proc").iterdir():
        words = arguments(folder / "cmdline") if folder.name.isdigit() else []
        if wanted in words and any(word.startswith(SERVER) for word in words):
            return int(folder.name)
    return None


def arguments(file: Path) -> list[str]:
    """Return the words of a file of /proc; none of a process that is gone."""
    try:
        return file.read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def hindrance(place: Place) -> str:
    """Say why the server can't get the plugin while it serves; empty if it can."""
    process = server(place)
    if process is None:
        return f"no Neo4j runs here with {place.conf}"
    folder = Path("/proc") / str(process)
    told = [*arguments(folder / "cmdline"), *" ".join(arguments(folder / "environ")).split()]
    named = next((one for one in HINDRANCES if one in told), None)
    return f"its JVM was started with {named}" if named else ""


def join(place: Place) -> None:
    """Let the running server load the plugin, which does nothing where it has it."""
    if hinders := hindrance(place):
        raise FailedError(hinders)
    host, port = bolt(read_settings(place.conf))
    if not answers(host, port):
        raise FailedError(f"the server does not answer on {host}:{port}")
    process = server(place)
    if process is not None:
        attach(process, place.jar)


def attach(process: int, jar: Path) -> None:
    """Let a JVM load a jar as an agent, by HotSpot's own protocol: a file, SIGQUIT, then a socket that it opens."""
    folder = Path("/proc") / str(process)
    status = (folder / "status").read_text()
    inside = re.findall(r"^NSpid:.*?(\d+)$", status, re.MULTILINE) or [str(process)]
    door, knock = (folder / "root" / "tmp" / f".{name}_pid{inside[0]}" for name in ("java", "attach"))
    try:
        if not door.exists():
            owner = folder.stat()
            knock.touch(0o600)
            os.chown(knock, owner.st_uid, owner.st_gid)
            os.kill(process, signal.SIGQUIT)
            deadline = time.monotonic() + ATTACH_SECONDS
            while not door.exists():
                if time.monotonic() > deadline:
                    raise FailedError("its JVM does not open its door to agents")
                time.sleep(0.05)
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(ATTACH_SECONDS * 6)
            asked.connect(str(door))
            asked.sendall(b"".join(f"{word}\0".encode() for word in ("1", "load", "instrument", "false", f"{jar}=")))
            said = b"".join(iter(lambda: asked.recv(4096), b"")).decode(errors="replace")
    except OSError as error:
        raise FailedError(f"its JVM can't be spoken with: {error}") from None
    finally:
        if knock.exists():
            knock.unlink()
    if [line for line in said.splitlines() if line not in {"0", "return code: 0"}]:
        raise FailedError(f"its JVM refused the plugin: {' '.join(said.split())}; its console's log says why")


def bolt(settings: dict[str, str]) -> tuple[str, int]:
    """Return where the server listens for Bolt."""
    host, _, port = settings.get("server.bolt.listen_address", "").rpartition(":")
    host = host or settings.get("server.default_listen_address", "127.0.0.1")
    return ("127.0.0.1" if host in {"0.0.0.0", "::"} else host), int(port or 7687)  # noqa: S104


def answers(host: str, port: int) -> bool:
    """Tell whether anybody listens there."""
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def last_words(log: Path) -> str:
    """Return the last complaints of the server's log."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    told = [line for line in lines if " ERROR " in line or " WARN " in line] or lines
    return " | ".join(told[-3:]) or "its log is empty"


if __name__ == "__main__":
    sys.exit(main())
