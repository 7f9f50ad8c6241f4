"""How a gate's instance takes its configuration and key, with what Terraform and the instance put into its script."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "terraform" / "gate" / "boot.sh"
RENDERED = {
    "region": "eu-central-1", "configuration_parameter": "/gate/configuration", "key_secret_id": "arn:secret",
    "control_port": "7690", "stop_seconds": "60",
}  # fmt: skip
TOML = """state_directory = "state"
[record]
bucket = "b"
[control]
listen = "@address@:7690"
key_file = "gate.key"
[databases.ledger]
listen = "@address@:7687"
advertised = "@address@:7687"
servers = { blue = "bolt://10.0.3.1:7687" }
"""
AWS = """#!/bin/sh
case $1 in
secretsmanager) cat "$DCO_ROOT/secret" ;;
ssm) cat "$DCO_ROOT/parameter" ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$DCO_ROOT/asked"
"""


class Machine:
    """A root directory with the programs of an image, an AWS that answers from files, and a systemd that notes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for place in ("bin", "opt/dco/bin", "etc/systemd/system"):
            (root / place).mkdir(parents=True)
        for name, text in (("aws", AWS), ("systemctl", SYSTEMCTL), ("chown", "#!/bin/sh\n")):
            self.program(root / "bin" / name, text)
        (root / "opt/dco/bin/dco-gate").symlink_to(Path(sys.executable).parent / "dco-gate")
        self.say(TOML, "ab" * 32)

    def program(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def say(self, toml: str, key: str) -> None:
        (self.root / "parameter").write_text(toml)
        (self.root / "secret").write_text(f'{{"key": "{key}"}}')

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": f"{self.root}/bin:{os.defpath}", "DCO_ROOT": str(self.root), "DCO_ADDRESS": "127.8.9.1",
        }  # fmt: skip
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def configure(self) -> "subprocess.CompletedProcess[str]":
        return self.run(str(self.root / "usr/local/bin/dco-gate-configure"))

    def kept(self, name: str) -> Path:
        return self.root / "var/lib/dco-gate" / name

    def asked(self) -> list[str]:
        return (self.root / "asked").read_text().splitlines()


def rendered() -> str:
    """Give the script as Terraform renders it; the last wait is for a gate that nobody starts here."""
    text = SCRIPT.read_text()
    for name, value in RENDERED.items():
        text = re.sub(rf"(?<!\$)\$\{{{name}\}}", value, text)
    return text.replace("$${", "${").replace("patiently 60 answers", "true")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.program(tmp_path / "boot.sh", rendered())
    done = made.run(str(tmp_path / "boot.sh"))
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def test_the_first_boot_writes_its_own_address_and_a_key_for_its_user_alone(machine: Machine) -> None:
    text = machine.kept("gate.toml").read_text()
    assert text.count("127.8.9.1:76") == 3
    assert "@address@" not in text
    assert machine.kept("gate.key").read_text() == "ab" * 32 + "\n"
    assert machine.kept("gate.key").stat().st_mode & 0o777 == 0o600
    unit = (machine.root / "etc/systemd/system/dco-gate.service").read_text()
    assert "User=dco-gate" in unit
    assert machine.asked()[-1] == "enable --now dco-gate.service"
    again = machine.run(str(machine.root / "boot.sh"))
    assert (again.returncode, "Wrote" in again.stdout) == (0, False), again.stdout


def test_another_configuration_or_key_is_taken_with_a_restart_and_the_same_one_is_not(machine: Machine) -> None:
    before = len(machine.asked())
    assert "has this configuration already" in machine.configure().stdout
    assert len(machine.asked()) == before
    machine.say(TOML + "sample_queries = false\n".replace("sample", "# sample"), "cd" * 32)
    assert "Took gate.toml gate.key." in machine.configure().stdout
    assert machine.asked()[-1] == "restart dco-gate.service"
    assert machine.kept("gate.key").read_text() == "cd" * 32 + "\n"


@pytest.mark.parametrize(("toml", "key"), [(TOML + "listn = 1\n", "ab" * 32), ("", "ab" * 32), (TOML, "short")])
def test_what_the_gate_can_not_read_changes_nothing(machine: Machine, toml: str, key: str) -> None:
    before = len(machine.asked())
    machine.say(toml, key)
    refused = machine.configure()
    assert (refused.returncode != 0, "Error:" in refused.stderr) == (True, True), refused.stderr
    assert "ab" * 32 in machine.kept("gate.key").read_text()
    assert "127.8.9.1:7690" in machine.kept("gate.toml").read_text()
    assert len(machine.asked()) == before
    assert [one.name for one in machine.kept("").iterdir() if one.name.startswith("fresh")] == []
