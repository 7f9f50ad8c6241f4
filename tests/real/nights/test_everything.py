"""One night that finds a change of every kind, explains each, and routes it to its operation or to a person."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.real.nights.stage import QUICK, Stage
from tests.real.registry_site import Site, serve

PINNED = re.compile(r"^([a-z0-9_.-]+)==([^ \\]+)", re.MULTILINE)
WORKFLOW = ".github/workflows/deploy.yml"
HEALTH_LOG = "/aws/events/credcoin-production-dco-health"


@pytest.fixture
def site(stage: Stage) -> Iterator[Site]:
    """A registry that knows what the application locks, and that one of it is vulnerable."""
    locked = dict(PINNED.findall((stage.world.repo / "requirements.lock").read_text()))
    with serve() as site:
        for name, version in locked.items():
            files = [{"filename": f"{name}-{version}.tar.gz", "yanked": False, "upload-time": "2020-01-02T00:00:00Z"}]
            site.pages[f"/{name}/"] = {"meta": {"api-version": "1.1"}, "name": name, "files": files}
        bad = next(iter(locked.items()))
        known = {bad: "GHSA-1", ("jinja2", "2.4.1"): "GHSA-proof"}

        def vulnerable(asked: Any) -> Any:
            found = (known.get((one["package"]["name"], one["version"])) for one in asked["queries"])
            return {"results": [{"vulns": [{"id": each}]} if each else {} for each in found]}

        site.pages["/v1/querybatch"] = vulnerable
        site.pages["/v1/vulns/GHSA-1"] = {"id": "GHSA-1", "summary": "It leaks", "affected": []}
        yield site


@pytest.fixture
def image(stage: Stage) -> Iterator[str]:
    """A machine image newer than the one that the databases run."""
    ec2 = stage.client("ec2")
    made = ec2.register_image(Name="neo4j-community-5.26.31", Architecture="x86_64", RootDeviceName="/dev/xvda")
    stage.client("ssm").put_parameter(Name="/images/neo4j", Value=made["ImageId"], Type="String", Overwrite=True)
    yield made["ImageId"]
    stage.client("ssm").delete_parameter(Name="/images/neo4j")
    ec2.deregister_image(ImageId=made["ImageId"])


def hear(stage: Stage, **detail: str) -> None:
    """Let AWS Health say something: EventBridge takes it to the log group that Terraform made."""
    said = {"eventArn": f"arn:aws:health:::event/{detail['service']}", "startTime": "Sat, 05 Dec 2026 15:10:09 GMT"}
    entry = {"Source": "aws.health", "DetailType": "AWS Health Event", "Detail": json.dumps(said | detail)}
    answer = stage.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0, answer


def test_a_change_of_every_kind_is_found_explained_and_routed(stage: Stage, site: Site, image: str) -> None:
    stage.release("stack")
    stage.release("good")
    text = (stage.world.repo / WORKFLOW).read_text()
    stage.commit({WORKFLOW: text.replace("timeout-minutes: 60", "timeout-minutes: 90")}, "Give it more time")
    hear(stage, service="EC2", eventTypeCode="AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED", statusCode="upcoming")
    hear(stage, service="RDS", eventTypeCode="AWS_RDS_MAINTENANCE_SCHEDULED", statusCode="upcoming")
    hear(stage, service="S3", eventTypeCode="AWS_S3_OPERATIONAL_ISSUE", statusCode="open")
    hear(stage, service="S3", eventTypeCode="AWS_S3_OPERATIONAL_ISSUE", statusCode="closed")
    sections: dict[str, Any] = {
        "mode": "observe",
        "images": {"ledger": {"database": "ledger", "parameter": "/images/neo4j", "soak_days": 0}},
        "libraries": {"api": {"lock": "requirements.lock"}},
        "aws_offerings": {"health_log": HEALTH_LOG},
        "registries": {"from_clients": False, "pypi": site.address, "osv": site.address},
    }
    stage.configure(QUICK, sections)
    found = {one["component"]: one for one in stage.dco("detect", "--json").said["changes"]}
    for component, action in {
        "application:api": "redeploy",
        "stack:main": "redeploy",
        "workflow:deploy.yml": "approve",
        "database:ledger": "redeploy",
    }.items():
        assert (found[component]["status"], found[component]["action"]) == ("changed", action), found[component]
        assert found[component]["reason"]
    assert image in str(found["database:ledger"])
    leaks = [one for one in found.values() if one["source"] == "libraries" and one["action"] == "approve"]
    assert ["GHSA-1" in str(one) for one in leaks] == [True]
    assert [one for one in found.values() if one["source"] == "aws_offerings" and one["status"] == "changed"]
    assert found["health:EC2"]["reason"] == (
        "AWS Health tells of AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED, from 2026-12-05T15:10:09+00:00"
    )
    assert not {"health:RDS", "health:S3"} & set(found), "the one is not in use, the other is over"
    code, report = stage.run()
    assert (code, report["outcome"]) == (0, "observed")
    told = report["remedy"]
    for line in (
        "applies the Terraform changes of stack main",
        "builds the image of api",
        "rolls the services of api",
        "takes note of the workflow deploy.yml",
        "a redeploy of its own: database:ledger: ",
        f"left to a person: {leaks[0]['component']}: ",
        "noticed: instance-type:r6i.large",
    ):
        assert line in told, told
