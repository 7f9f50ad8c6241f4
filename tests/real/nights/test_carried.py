"""A world's databases are kept by their stream, and get a second server when their slot says so."""

import json

import neo4j
import pytest
from tests.real.nights.carried import BUCKET, NAMES, Carried, kill_unit, newest_image, unit_process
from tests.real.nights.stage import Stage, await_that

DATABASES = ("ledger", "search")


def is_kept(one: Carried) -> bool:
    return bool(one.state().get("base")) and one.parts("kept").keys() >= NAMES and not one.state()["troubles"]


def test_the_stream_keeps_both_databases_and_comes_back_when_it_is_killed(stage: Stage) -> None:
    for one in (Carried(stage, name) for name in DATABASES):
        await_that(lambda one=one: is_kept(one), f"{one.name} is kept: {one.state()}", 60)
        manifest = f"stream/{one.name}/bases/{one.state()['base']}/manifest.json"
        body = json.load(stage.client("s3").get_object(Bucket=BUCKET, Key=manifest)["Body"])
        assert body["parts"].keys() == NAMES
    ledger = Carried(stage, "ledger")
    before = ledger.state()["by"]
    killed = kill_unit(stage, "dco-stream")
    await_that(lambda: unit_process(stage, "dco-stream") not in {None, killed}, "the unit starts it again", 20)
    await_that(lambda: ledger.state()["by"] != before and is_kept(ledger), "it goes on", 40)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("images", ["neo4j-community-5.26.*", "neo4j-community-2026.08.*"])
def test_a_second_server_comes_follows_and_goes_by_the_slot(stage: Stage, images: str) -> None:
    ledger = Carried(stage, "ledger")
    image, version = newest_image(stage, images)
    with ledger.as_before() as alone:
        ledger.apply(alone.joined(image, version))
        said = ledger.await_boot("green")
        assert "The copy is complete." in said
        servers = {colour: address for colour, (_, address) in ledger.instances().items()}
        ledger.put("servers", json.dumps({"source": servers["blue"], "follower": servers["green"]}))
        await_that(lambda: ledger.parts("followed").keys() >= NAMES, "green is followed", 60)
        ledger.run("blue", "CREATE (:Followed {by: 'green'})")
        found = "MATCH (n:Followed {by: 'green'}) RETURN count(n)"
        await_that(lambda: ledger.run("green", found) == [[1]], "what blue gets, green gets", 30)
        with pytest.raises(neo4j.exceptions.Neo4jError):
            ledger.run("green", "CREATE (:Stray)")
        conf = (ledger.root("green") / "etc/neo4j/neo4j.conf").read_text()
        assert "internal.dbms.automatic_upgrade.enabled=false" in conf
        assert stage.plan_changes() == 0
        ledger.run("blue", "MATCH (n:Followed) DELETE n")

        ledger.put("servers", json.dumps({"source": servers["blue"]}))
        ledger.apply(ledger.slot.retired("compare-1", ledger.state()["base"]))
        assert ledger.instances().keys() == {"blue"}
        ledger.apply(ledger.slot.alone())
    await_that(lambda: is_kept(ledger), "it is kept as before", 60)
