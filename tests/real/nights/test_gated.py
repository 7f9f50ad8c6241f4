"""A world's application reaches its databases through a gate and only through it, also when the gate was killed."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

import neo4j
from tests.real.nights.carried import Carried, kill_unit, unit_process
from tests.real.nights.stage import Stage, await_that

from dco_sandbox import repository

DATABASES = ("ledger", "search")
BACK_SECONDS = 20


def login(stage: Stage, name: str) -> tuple[str, str]:
    secret = stage.client("secretsmanager").get_secret_value(SecretId=f"credcoin/production/{name}")
    found = json.loads(secret["SecretString"])
    return found["username"], found["password"]


def is_healthy(stage: Stage) -> bool:
    try:
        with urllib.request.urlopen(f"{repository.service_url(stage.world)}/health", timeout=5) as answer:  # noqa: S310 - http by construction
            return json.load(answer)["healthy"]
    except (urllib.error.URLError, OSError):
        return False


def said_of_gates(stage: Stage) -> list[dict[str, str]]:
    findings = stage.dco("doctor", "--json").said
    return [one for one in findings if one["what"].startswith(("gate of ", "clients of "))]


def gate_machine(stage: Stage) -> dict[str, Any]:
    wanted = [
        {"Name": "tag:Name", "Values": ["credcoin-production-gate-*"]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    [found] = stage.client("ec2").describe_instances(Filters=wanted)["Reservations"]
    [machine] = found["Instances"]
    return machine


def test_the_application_goes_through_the_gate_and_a_client_past_it_is_named(stage: Stage) -> None:
    place = gate_machine(stage)["PrivateIpAddress"]
    for port, one in enumerate((Carried(stage, name) for name in DATABASES), 7687):
        blue = one.instances()["blue"][1]
        assert one.parameter("uri") == f"bolt://{place}:{port}"
        assert json.loads(one.parameter("addresses")) == {"blue": blue}
        assert stage.dco("status", "--json").said["gates"][one.name].startswith(f"blue ({blue}) serves, ")
    with stage.traffic() as traffic:
        await_that(lambda: {one["mark"] for one in said_of_gates(stage)} == {"OK"}, "nobody is past the gate", 20)
    assert traffic["proof"]["acknowledged"] > 0
    assert traffic["proof"]["missing"] == traffic["proof"]["doubled"] == []
    ledger = Carried(stage, "ledger")
    with neo4j.GraphDatabase.driver(ledger.instances()["blue"][1], auth=login(stage, "ledger")) as driver:
        driver.verify_connectivity()
        [named] = [one for one in said_of_gates(stage) if one["mark"] == "NG"]
    assert (named["what"], "past the gate: " in named["detail"]) == ("clients of ledger", True), named
    assert "neo4j-python" in named["detail"]


def test_a_gate_that_is_killed_is_back_within_seconds_and_no_write_is_lost(stage: Stage) -> None:
    with stage.traffic() as traffic:
        killed = kill_unit(stage, "dco-gate")
        began = time.monotonic()
        await_that(lambda: unit_process(stage, "dco-gate") not in {None, killed}, "the unit starts it again", 10)
        await_that(lambda: is_healthy(stage), "the application reaches both databases again", BACK_SECONDS)
        assert time.monotonic() - began < BACK_SECONDS
        time.sleep(2)
    proof = traffic["proof"]
    assert proof["acknowledged"] > 0
    assert proof["missing"] == proof["doubled"] == proof["differing"] == []


def test_another_configuration_is_taken_by_the_gate_that_is_there(stage: Stage) -> None:
    ssm, name = stage.client("ssm"), "/credcoin/production/gate/configuration"
    machine, before = gate_machine(stage)["InstanceId"], ssm.get_parameter(Name=name)["Parameter"]["Value"]
    kept = stage.world.sandbox / "machines" / machine / "var/lib/dco-gate/gate.toml"
    serves = unit_process(stage, "dco-gate")
    try:
        for said in (before.replace("drain_seconds = 30", "drain_seconds = 7"), before):
            ssm.put_parameter(Name=name, Value=said, Type="String", Overwrite=True)
            assert configure(stage, machine) == "Success"
            assert ("drain_seconds = 7" in kept.read_text()) == ("drain_seconds = 7" in said)
    finally:
        ssm.put_parameter(Name=name, Value=before, Type="String", Overwrite=True)
    assert gate_machine(stage)["InstanceId"] == machine
    assert unit_process(stage, "dco-gate") not in {None, serves}
    await_that(lambda: is_healthy(stage), "the application reaches both databases", BACK_SECONDS)


def configure(stage: Stage, machine: str) -> str:
    """Run dco-gate-configure as Session Manager does, and give how that ended."""
    ssm, parameters = stage.client("ssm"), {"commands": ["dco-gate-configure"]}
    sent = ssm.send_command(InstanceIds=[machine], DocumentName="AWS-RunShellScript", Parameters=parameters)
    asked = {"CommandId": sent["Command"]["CommandId"], "InstanceId": machine}

    def ended() -> bool:
        return ssm.get_command_invocation(**asked)["Status"] not in {"Pending", "InProgress"}

    await_that(ended, "the command ends", 60)
    return ssm.get_command_invocation(**asked)["Status"]
