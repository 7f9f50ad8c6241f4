"""What `dco plugin install` runs on a database's machine: the script itself, with a systemd of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dco.operations.plugin_install import on_host

KEY = "ab" * 32
CONF = "server.bolt.listen_address=127.0.0.1:{port}\ndbms.usage_report.enabled=false\n"
SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$DCO_ROOT/asked"
case $1 in
restart) [ ! -e "$DCO_ROOT/no-restart" ] ;;
is-active) [ ! -e "$DCO_ROOT/dies-with-plugin" ] || [ ! -e "$DCO_ROOT/plugins/dco.jar" ] ;;
esac
"""
AWS = """#!/bin/sh
[ ! -e "$DCO_ROOT/denied" ] || { echo "An error occurred (AccessDeniedException)" >&2; exit 254; }
cat "$DCO_ROOT/secret"
"""


JVM = """
import os, signal, socket, threading
door, knock = (f"/tmp/.{name}_pid{os.getpid()}" for name in ("java", "attach"))
def answer(asked):
    while True:
        end, _ = asked.accept()
        words = b""
        while words.count(bytes(1)) < 5:
            words += end.recv(1000)
        with open(os.environ["LOADED"], "a") as file:
            file.write(" ".join(words.decode().split(chr(0))) + chr(10))
        end.sendall(os.environ["SAYS"].encode())
        end.close()
def opened(*_):
    if os.path.exists(knock) and not os.path.exists(door):
        asked = socket.socket(socket.AF_UNIX)
        asked.bind(door)
        asked.listen()
        threading.Thread(target=answer, args=(asked,), daemon=True).start()
signal.signal(signal.SIGQUIT, opened)
signal.signal(signal.SIGTERM, lambda *_: (os.path.exists(door) and os.unlink(door), os._exit(0)))
print("up", flush=True)
while True:
    signal.pause()
"""


class Machine:
    """A directory that is a machine's root; somebody listens where its server would, unless it has to be down."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.jvm: subprocess.Popen[bytes] | None = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        for folder in ("bin", "run", "conf", "logs", "etc/systemd/system"):
            (root / folder).mkdir(parents=True)
        for name, text in (("systemctl", SYSTEMCTL), ("aws", AWS)):
            (root / "bin" / name).write_text(text)
            (root / "bin" / name).chmod(0o755)
        unit = f"[Service]\nUser=neo4j-nobody\nEnvironment=NEO4J_HOME={root}\nEnvironment=NEO4J_CONF={root}/conf\n"
        (root / "etc/systemd/system/neo4j.service").write_text(unit)
        self.conf.write_text(CONF.format(port=self.port))
        (root / "secret").write_text(json.dumps({"key": KEY}))
        (root / "sent.jar").write_bytes(b"a plugin")

    @property
    def conf(self) -> Path:
        return self.root / "conf" / "neo4j.conf"

    @property
    def jar(self) -> Path:
        return self.root / "plugins" / "dco.jar"

    @property
    def key(self) -> Path:
        return self.root / "conf" / "dco.key"

    def run(self, verb: str, *more: str, seconds: float = 5) -> "subprocess.CompletedProcess[str]":
        words = [sys.executable, on_host.__file__, verb, "--secret", "s", "--region", "r", "--seconds", str(seconds)]
        words += more
        path = f"{self.root}/bin:{os.defpath}"
        environment = {"DCO_ROOT": str(self.root), "PATH": path}
        words += ["--jar", str(self.root / "sent.jar")]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def serve(self, *options: str, says: str = "0\nreturn code: 0\n") -> None:
        """Run a server whose JVM takes agents, and says this to it; what it loads is written to `loaded`."""
        script = self.root / "jvm.py"
        script.write_text(JVM)
        words = [sys.executable, script, *options, "org.neo4j.server.Fake", f"--config-dir={self.root}/conf"]
        environment = {"SAYS": says, "LOADED": str(self.root / "loaded")}
        self.jvm = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE)
        assert self.jvm.stdout is not None
        self.jvm.stdout.readline()

    def mark(self, name: str) -> None:
        (self.root / name).touch()

    def restarts(self) -> int:
        asked = self.root / "asked"
        return asked.read_text().count("restart") if asked.exists() else 0

    def is_as_before(self) -> bool:
        left = {path.name for folder in ("conf", "plugins") for path in (self.root / folder).glob("*")}
        return left == {"neo4j.conf"} and self.conf.read_text() == CONF.format(port=self.port)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    made.listener.close()
    if made.jvm is not None:
        made.jvm.terminate()
        made.jvm.communicate()


def test_it_looks_and_changes_nothing(machine: Machine) -> None:
    log = "2026-11-27 03:10:00.100+0000 INFO  Starting...\n2026-11-27 03:10:11.600+0000 INFO  Started.\n"
    (machine.root / "logs" / "neo4j.log").write_text(log)
    done = machine.run("look")
    hindrance = f"no Neo4j runs here with {machine.conf}"
    assert json.loads(done.stdout) == {"seconds": 11.5, "hindrance": hindrance}, done.stderr
    machine.serve()
    assert json.loads(machine.run("look").stdout)["hindrance"] == ""
    assert machine.is_as_before()
    assert machine.restarts() == 0


def test_plugin_key_and_setting_come_with_one_restart(machine: Machine) -> None:
    done = machine.run("install")
    assert (done.returncode, machine.restarts()) == (0, 1), done.stderr
    assert "with the plugin" in done.stdout
    assert machine.jar.read_bytes() == b"a plugin"
    assert machine.key.read_text() == KEY + "\n"
    assert machine.key.stat().st_mode & 0o777 == 0o600
    assert machine.conf.read_text() == CONF.format(port=machine.port) + "dbms.security.procedures.unrestricted=dco.*\n"
    again = machine.run("install")
    assert (again.returncode, again.stdout, machine.restarts()) == (0, "the plugin is there already\n", 1)


def test_a_running_server_loads_it_without_a_restart(machine: Machine) -> None:
    machine.serve()
    for told in ("it has the plugin, without a restart\n", "the plugin is there already\n"):
        done = machine.run("install", "--live")
        assert (done.returncode, done.stdout) == (0, told), done.stderr
    assert (machine.root / "loaded").read_text() == f"1 load instrument false {machine.jar}= \n" * 2
    assert machine.jar.read_bytes() == b"a plugin", "its next start finds it"
    assert "unrestricted=dco.*" in machine.conf.read_text()
    done = machine.run("remove", "--live")
    assert done.stdout == "the server's next start will be without the plugin\n"
    assert machine.is_as_before()
    assert machine.restarts() == 0
    assert not list(Path("/tmp").glob(f".attach_pid{machine.jvm.pid if machine.jvm else 0}"))  # noqa: S108 -- HotSpot's


@pytest.mark.parametrize("option", on_host.HINDRANCES)
def test_a_jvm_that_takes_no_agents_is_not_asked(machine: Machine, option: str) -> None:
    machine.serve(option)
    done = machine.run("install", "--live")
    assert done.returncode == 1
    assert f"its JVM was started with {option}; nothing was restarted, and all is as before" in done.stderr
    assert machine.is_as_before()
    assert machine.jvm is not None
    assert machine.jvm.poll() is None


@pytest.mark.parametrize("says", ["0\nreturn code: 102\n", "100\nAgent JAR not found or no Agent-Class attribute\n"])
def test_what_the_jvm_refuses_is_taken_back(machine: Machine, says: str) -> None:
    machine.serve(says=says)
    done = machine.run("install", "--live")
    assert done.returncode == 1
    assert "its JVM refused the plugin" in done.stderr
    assert machine.is_as_before()
    assert machine.restarts() == 0


def test_one_that_was_killed_before_the_restart_ended_restarts(machine: Machine) -> None:
    assert machine.run("install").returncode == 0
    (machine.root / "conf" / "neo4j.conf.before-dco").write_text(CONF.format(port=machine.port))
    assert machine.run("install").returncode == 0
    assert machine.restarts() == 2


@pytest.mark.parametrize("how", ["dies-with-plugin", "no-restart"])
def test_a_server_that_does_not_come_up_is_put_back_by_the_machine_itself(machine: Machine, how: str) -> None:
    machine.mark(how)
    if how == "dies-with-plugin":
        machine.listener.close()
    done = machine.run("install", seconds=2)
    assert done.returncode == 1
    assert machine.is_as_before()
    assert machine.restarts() == 2


def test_it_is_taken_away_as_it_came(machine: Machine) -> None:
    assert machine.run("install").returncode == 0
    done = machine.run("remove")
    assert "without the plugin" in done.stdout
    assert machine.is_as_before()
    assert (machine.run("remove").stdout, machine.restarts()) == ("the plugin is not there\n", 2)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("denied", "this machine can't read the secret s: An error occurred (AccessDeniedException)"),
        ("no key", "the secret s is no JSON with a key"),
        ("no unit", "there is no neo4j.service: dco restarts a Neo4j that systemd runs"),
        ("no conf", "neo4j.service names no configuration"),
        ("another", "is another plugin than this dco's"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_changes(machine: Machine, what: str, sentence: str) -> None:
    if what == "denied":
        machine.mark("denied")
    elif what == "no key":
        (machine.root / "secret").write_text("[]")
    elif what == "no unit":
        (machine.root / "etc/systemd/system/neo4j.service").unlink()
    elif what == "no conf":
        machine.conf.unlink()
    else:
        machine.jar.parent.mkdir()
        machine.jar.write_bytes(b"somebody's")
    done = machine.run("install")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert machine.restarts() == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a=1\n", "a=1\ndbms.security.procedures.unrestricted=dco.*\n"),
        (
            "dbms.security.procedures.unrestricted=apoc.*, gds.*\n",
            "dbms.security.procedures.unrestricted=apoc.*,gds.*,dco.*\n",
        ),
        (
            "dbms.security.procedures.allowlist=apoc.*\n",
            "dbms.security.procedures.allowlist=apoc.*,dco.*\ndbms.security.procedures.unrestricted=dco.*\n",
        ),
        ("dbms.security.procedures.unrestricted=*\n", "dbms.security.procedures.unrestricted=*\n"),
    ],
)
def test_what_others_were_allowed_they_still_are(before: str, after: str) -> None:
    assert on_host.allowed(before) == after
    assert on_host.allowed(after) == after
    assert on_host.forbidden(after) == before.replace(", ", ",")
