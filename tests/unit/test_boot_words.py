"""What `boot.sh` of a database takes from its slot, and what it does to a volume from a snapshot."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "terraform" / "database" / "boot.sh"
ALONE = {"image": "ami-1", "version": "5.26.30", "colour": "blue"}
OTHER = {"image": "ami-2", "version": "2026.08.1"}


def function(name: str) -> str:
    """Give one function of the script, as Terraform renders it."""
    found = re.search(rf"^{name}\(\) \{{.*?^\}}", SCRIPT.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found[0].replace("$${", "${")


def run(script: str, *, said: str = "", **names: str) -> "subprocess.CompletedProcess[str]":
    words = "".join(f"{name}='{value}'\n" for name, value in names.items())
    whole = f"set -euo pipefail\nsay() {{ :; }}\n{words}{script}"
    return subprocess.run(["bash", "-c", whole], input=said, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("slot", "colour", "told"),
    [
        (ALONE, "blue", "serving 5.26.30"),
        (ALONE | {"other": OTHER | {"state": "following"}}, "blue", "serving 5.26.30 waits"),
        (ALONE | {"other": OTHER | {"state": "following"}}, "green", "following 2026.08.1 waits"),
        (ALONE | {"other": OTHER | {"state": "retired"}}, "blue", "serving 5.26.30"),
    ],
)
def test_an_instance_reads_its_part_of_the_slot(slot: dict[str, Any], colour: str, told: str) -> None:
    done = run(f"{function('part')}\npart", said=json.dumps(slot), colour=colour)
    assert (done.returncode, done.stdout.strip()) == (0, told)


def test_an_instance_that_its_slot_does_not_name_reads_nothing() -> None:
    assert run(f"{function('part')}\npart", said=json.dumps(ALONE), colour="green").returncode != 0


def test_a_volume_from_a_snapshot_is_fenced_once_and_loses_the_others_name_of_its_log(tmp_path: Path) -> None:
    own = tmp_path / "data" / "dco"
    own.mkdir(parents=True)
    (own / "neo4j.log-name").write_text("another's")
    script = f"{function('own_snapshot')}\nown_snapshot"
    for _ in range(2):
        done = run(script, snapshot="snap-1", home_of_data=str(tmp_path))
        assert (done.returncode, done.stderr) == (0, "")
        assert {path.name for path in own.iterdir()} == {"neo4j.fence", "system.fence"}
        (own / "neo4j.fence").write_text("as the server has it now")
    assert (own / "neo4j.fence").read_text() == "as the server has it now"
    own_name = own / "neo4j.log-name"
    own_name.write_text("its own")
    run(script, snapshot="snap-1", home_of_data=str(tmp_path))
    run(script, snapshot="", home_of_data=str(tmp_path))
    assert own_name.read_text() == "its own"
