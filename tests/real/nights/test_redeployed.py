"""Both databases of a world in use move to other servers, bake, and come back, or stay and the first ones go."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.real.nights.carried import Carried, newest_image
from tests.real.nights.stage import Stage

NAMES = ("ledger", "search")
SECONDS = 900
pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]


@pytest.fixture
def databases(stage: Stage) -> Iterator[list[Carried]]:
    """The databases, which are put back on their first servers whatever a test left."""
    yield [Carried(stage, name) for name in NAMES]
    if any(json.loads(stage.object(key) or b"{}")["ended"] == "" for key in stage.keys("bakes/")):
        stage.dco("rollback", "--why", "a test is over", seconds=SECONDS)


def approved(stage: Stage, *command: str) -> dict[str, Any]:
    """Let a command ask for the switch, approve it, and return its report."""
    running = stage.begin(*command, "--json")
    stage.waits(SECONDS)
    assert stage.dco("approve", person="alice").code == 0
    done = running.end(SECONDS)
    assert done.code == 0, done.err
    return done.said


def colours(databases: list[Carried]) -> set[str]:
    return {one.slot.colour for one in databases}


@pytest.mark.parametrize(
    ("pattern", "seed"), [("neo4j-community-5.26.*", "snapshot"), ("neo4j-community-2026.08.*", "bolt")]
)
def test_they_move_under_traffic_and_come_back(stage: Stage, databases: list[Carried], pattern: str, seed: str) -> None:
    before = colours(databases)
    stage.configure({"redeploy": {"seed": seed}})
    with stage.traffic() as traffic:
        image, version = newest_image(stage, pattern)
        report = approved(stage, "redeploy", *NAMES, "--image", image, "--version", version)
        assert report["outcome"] == "deployed"
        assert colours(databases).isdisjoint(before)
        assert "bakes" in stage.dco("status").out
        back = stage.dco("rollback", "--why", "a try", "--json", seconds=SECONDS)
    assert back.code == 0, back.err
    assert colours(databases) == before
    assert traffic["failed"] == 0, traffic["failures"]
    assert traffic["proof"]["holds"], traffic["proof"]
    assert stage.plan_changes() == 0
    for one in databases:
        assert one.instances().keys() == before
        one.apply(one.slot.alone())


def test_a_night_moves_them_by_itself_the_bake_ends_and_the_first_servers_go(
    stage: Stage, databases: list[Carried]
) -> None:
    before = colours(databases)
    _, version = newest_image(stage, "neo4j-community-5.26.*")
    name = f"neo4j-community-{version}-2026.12.01"
    made = stage.client("ec2").register_image(Name=name, Architecture="x86_64", RootDeviceName="/dev/xvda")
    image = made["ImageId"]
    stage.configure({"images": {name: {"database": name, "id": image} for name in NAMES}})
    report = approved(stage, "run")
    assert report["outcome"] == "observed", report
    assert report["databases"] == dict.fromkeys(NAMES, image)
    assert report["redeploy"]["outcome"] == "deployed", report
    assert colours(databases).isdisjoint(before)
    code, night = stage.run()
    assert (code, night["outcome"]) == (0, "quiet"), "a bake is open, and nothing else is wanted"
    ended = stage.dco("bake", "--end", "--json", seconds=SECONDS)
    assert ended.code == 0, ended.err
    assert colours(databases).isdisjoint(before)
    for one in databases:
        other = one.slot.other
        assert other is not None
        assert other.state == "retired"
        assert "equal at transaction" in (other.comparison or "")
        assert one.instances().keys() == {one.slot.colour}
    kept = stage.dco("bake", "--clear", "ledger", "--json")
    assert kept.code == 4, "its days are not over"
    assert "is kept until" in kept.said["sentence"]
    volumes = volumes_of(stage)
    stage.configure({"redeploy": {"keep_days": 0}})
    cleared = stage.dco("bake", "--clear", "ledger", "--clear", "search", "--json")
    assert cleared.code == 0, cleared.err
    assert all(one.slot.other is None for one in databases)
    assert len(volumes_of(stage)) == len(volumes) - 2
    code, night = stage.run()
    assert (code, night["outcome"]) == (0, "quiet")


def test_killed_anywhere_it_goes_on_when_it_is_called_again(stage: Stage, databases: list[Carried]) -> None:
    before = colours(databases)
    image, version = newest_image(stage, "neo4j-community-5.26.*")
    command = ("redeploy", *NAMES, "--image", image, "--version", version, "--json")
    with stage.traffic() as traffic:
        for reached in ("step      database.join", "step      database.prove", "done      database.warm"):
            running = stage.begin(*command)
            running.await_screen(reached, SECONDS)
            running.kill()
        running = stage.begin(*command)
        stage.waits(SECONDS)
        assert stage.dco("approve", person="alice").code == 0
        running.await_screen("step      database.switch", SECONDS)
        running.kill()
        done = stage.dco(*command, seconds=SECONDS)
        assert done.code == 0, done.err
        assert done.said["outcome"] == "deployed"
        assert colours(databases).isdisjoint(before)
        back = stage.dco("rollback", "--why", "a try", "--json", seconds=SECONDS)
    assert back.code == 0, back.err
    assert colours(databases) == before
    assert traffic["failed"] == 0, traffic["failures"]
    assert traffic["proof"]["holds"], traffic["proof"]
    assert stage.plan_changes() == 0


def test_a_broken_invariant_leads_clients_back_by_themselves(stage: Stage, databases: list[Carried]) -> None:
    before, ledger = colours(databases), databases[0]
    watched = {**stage.plain["databases"]["ledger"], "invariants": {"whole": "MATCH (b:Broken) RETURN count(b) = 0"}}
    stage.configure({"databases": {"ledger": watched}, "redeploy": {"look_seconds": 2, "looks_allowed": 2}})
    with stage.traffic() as traffic:
        image, version = newest_image(stage, "neo4j-community-5.26.*")
        assert approved(stage, "redeploy", *NAMES, "--image", image, "--version", version)["outcome"] == "deployed"
        assert colours(databases).isdisjoint(before)
        baking = stage.begin("bake", "--json")
        ledger.run(ledger.slot.colour, "CREATE (:Broken)")
        done = baking.end(SECONDS)
    assert done.code == 5, done.err
    assert "whole" in done.said["sentence"]
    assert colours(databases) == before
    assert ledger.run(ledger.slot.colour, "MATCH (b:Broken) RETURN count(b)") == [[1]], "what was written is not lost"
    assert traffic["failed"] == 0, traffic["failures"]
    assert traffic["proof"]["holds"], traffic["proof"]
    ledger.run(ledger.slot.colour, "MATCH (b:Broken) DELETE b")
    assert stage.keys("quarantine/"), "it is kept out"
    for one in databases:
        one.apply(one.slot.alone())


def test_without_a_gate_clients_follow_by_the_connection_string(stage: Stage, databases: list[Carried]) -> None:
    before = colours(databases)
    gateless = {**stage.plain["databases"]["search"], "gate": None, "switch": "connection-string"}
    stage.configure({"databases": {"search": gateless}})
    with stage.traffic() as traffic:
        image, version = newest_image(stage, "neo4j-community-5.26.*")
        report = approved(stage, "redeploy", *NAMES, "--image", image, "--version", version)
        assert report["outcome"] == "deployed"
        assert colours(databases).isdisjoint(before)
        back = stage.dco("rollback", "--why", "a try", "--json", seconds=SECONDS)
    assert back.code == 0, back.err
    assert colours(databases) == before
    assert traffic["proof"]["holds"], traffic["proof"]
    for one in databases:
        one.apply(one.slot.alone())


def volumes_of(stage: Stage) -> list[str]:
    """List the data volumes of databases."""
    wanted = [{"Name": "tag-key", "Values": ["dco:database"]}]
    return [one["VolumeId"] for one in stage.client("ec2").describe_volumes(Filters=wanted)["Volumes"]]
