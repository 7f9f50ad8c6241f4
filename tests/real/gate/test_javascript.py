"""The driver of another language at work while its sessions are moved."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.real.gate.gates import Gate
from tests.real.plugin.servers import PASSWORD

pytestmark = [pytest.mark.long, pytest.mark.timeout(280)]
VERSION = "5.28.1"


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver, as npm installs it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm is missing: it brings the JavaScript driver")
    home = tmp_path_factory.mktemp("javascript")
    install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(home), f"neo4j-driver@{VERSION}"]
    subprocess.run(install, check=True, capture_output=True, timeout=200)
    return home / "node_modules"


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_no_request_of_the_javascript_driver_fails_in_six_switches(gate: Gate, modules: Path, scheme: str) -> None:
    client = subprocess.Popen(
        ["node", str(Path(__file__).with_name("traffic.js")), f"{scheme}://{gate.address}:7687", PASSWORD],
        env={**os.environ, "NODE_PATH": str(modules)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert client.stdout is not None
        begun = {client.stdout.readline().strip() for _ in range(2)}
        assert begun == {"WRITE blue", "READ blue"}
        for number in range(6):
            gate.switch(f"{scheme}{number}")
            if number == 0:
                assert {client.stdout.readline().strip() for _ in range(2)} == {"WRITE green", "READ green"}
        told, _ = client.communicate(timeout=60)
    finally:
        client.kill()
        client.wait()
    seen = json.loads(told.splitlines()[-1])
    assert seen["failures"] == []
    assert min(seen["wrote"].values()) > 0
    assert gate.status.failed == 0
