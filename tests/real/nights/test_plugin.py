"""A database of a world that was never adopted gets the plugin while it serves, or by one restart."""

import json
from pathlib import Path

import pytest
from tests.real.nights.carried import Carried
from tests.real.nights.stage import Stage, await_that

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
NAME = "ledger"


def host(stage: Stage, instance: str, script: str) -> None:
    """Do something on a machine as its owner would."""
    ssm = stage.client("ssm")
    parameters = {"commands": [script]}
    sent = ssm.send_command(InstanceIds=[instance], DocumentName="AWS-RunShellScript", Parameters=parameters)
    asked = {"CommandId": sent["Command"]["CommandId"], "InstanceId": instance}

    def ended() -> bool:
        return ssm.get_command_invocation(**asked)["Status"] not in {"Pending", "InProgress"}

    await_that(ended, "the command ends", 180)
    done = ssm.get_command_invocation(**asked)
    assert done["Status"] == "Success", done["StandardErrorContent"]


UNPLUG = """
sed -i /unrestricted/d "$DCO_ROOT/etc/neo4j/neo4j.conf"
rm -f "$DCO_ROOT/var/lib/neo4j/plugins/dco.jar" "$DCO_ROOT/etc/neo4j/dco.key"
systemctl restart neo4j
"""


def plugin_of(stage: Stage) -> str:
    """Tell what doctor says of the database's plugin."""
    told = json.loads(stage.dco("doctor", "--json").out)
    return next((f"{one['mark']} {one['detail']}" for one in told if one["what"] == f"database {NAME}, plugin"), "")


def starts(root: Path) -> int:
    """Count how often the server has started, by its own log."""
    return (root / "var" / "log" / "neo4j" / "neo4j.log").read_text().count("Started.")


@pytest.mark.parametrize("restart", [False, True])
def test_it_is_installed_and_kept_from_then_on(stage: Stage, restart: bool) -> None:
    database = Carried(stage, NAME)
    ((colour, (instance, _)),) = database.instances().items()
    host(stage, instance, UNPLUG)
    await_that(lambda: plugin_of(stage).startswith("NG it is not there"), "doctor names it", 120)
    started = starts(database.root(colour))
    words = ["plugin", "install", NAME]
    if restart:
        words.append("--restart")
        told = stage.dco(*words)
        assert told.code == 4, told.err
        assert "nobody reads or writes it meanwhile: its last start took" in told.out + told.err
        words.append("--yes")
    before = database.run(colour, "MATCH (n) RETURN count(n)")
    done = stage.dco(*words, "--json")
    assert done.code == 0, done.err
    assert done.said["outcome"] == "deployed"
    assert database.run(colour, "MATCH (n) RETURN count(n)") == before
    assert starts(database.root(colour)) == started + restart
    assert stage.version()["image"], "services were waited for"
    assert plugin_of(stage).startswith("OK there, and it takes the key")
    root: Path = database.root(colour)
    assert not list((root / "etc" / "neo4j").glob("*.before-dco"))
    assert stage.keys("hosts/") == [], "what the machine fetched is not kept"
    again = stage.dco("plugin", "install", NAME)
    assert again.code == 4
    assert "has the plugin" in again.out + again.err
    code, night = stage.run()
    assert (code, night["outcome"]) == (0, "quiet")
