"""ECS through the seam: what is true of a rollout, tasks that start once, revisions that are registered once."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dco.model.environment import Aws
from dco.model.errors import ConfigurationError, StepFailed, Unreadable
from dco.model.finding import Mark, bad
from dco.providers.aws.services import EcsServices
from dco.providers.aws.session import AwsSession
from dco_sandbox import access

BREAKER = {
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "minimumHealthyPercent": 100,
        "maximumPercent": 200,
    }
}
JOB = ["python", "job.py"]


@pytest.fixture
def services(live: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EcsServices:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", live.world.endpoint)
    vpc = live.client("ec2").describe_subnets(SubnetIds=live.subnets)["Subnets"][0]["VpcId"]
    live.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    return EcsServices(AwsSession(Aws(region=live.world.region), tmp_path))


@pytest.fixture
def broken(live: Any) -> Iterator[Callable[..., None]]:
    def breaking(kind: str, action: str, **more: Any) -> None:
        rule = {"kind": kind, "service": "ecs", "action": action, "user_agent": "*dco/*", "count": 1, **more}
        access.control(live.world, "POST", "faults", rule)

    yield breaking
    access.control(live.world, "DELETE", "faults")


@pytest.fixture
def name(live: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """A family and service of the test's own; the service is ended with the test."""
    made = f"p{time.monotonic_ns() % 10**9}-{len(request.node.name)}"
    yield made
    if any(arn.endswith(f"/{made}") for arn in live.ecs.list_services(cluster="live", maxResults=100)["serviceArns"]):
        live.gone(made)


def image_digest(live: Any) -> str:
    return live.image.partition("@")[2]


def logged(live: Any, name: str) -> dict[str, Any]:
    """Make a log group and return the log configuration of a container that writes there."""
    live.client("logs").create_log_group(logGroupName=f"/{name}")
    options = {"awslogs-group": f"/{name}", "awslogs-stream-prefix": "log", "awslogs-region": live.world.region}
    return {"logDriver": "awslogs", "options": options}


def settled(services: EcsServices, name: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not (state := services.rollout("live", name)).settled:
        assert time.monotonic() < end, state
        time.sleep(0.2)


def ended(services: EcsServices, arn: str) -> Any:
    end = time.monotonic() + 90
    while (state := services.task("live", arn)).running:
        assert time.monotonic() < end, state
        time.sleep(0.2)
    return state


def test_a_roll_is_settled_when_only_the_new_revision_runs(live: Any, services: EcsServices, name: str) -> None:
    old = live.define(name, "1")
    live.serve(name, old, 1)
    settled(services, name)
    new = services.register(old, live.image, "night/roll")

    services.roll("live", name, new, singleton=False)
    begun = services.rollout("live", name)
    services.roll("live", name, new, singleton=False)
    assert (begun.revision, begun.settled) == (new, False)
    settled(services, name)

    state = services.rollout("live", name)
    assert (state.revision, state.state, state.wanted, state.running) == (new, "completed", 1, 1)
    assert state.images == (image_digest(live),)
    assert services.rollout("live", name, "app").images == (image_digest(live),)
    assert services.rollout("live", name, "sidecar").images == ()
    starts = [e for e in live.service(name)["events"] if "has begun" in e["message"] or "deployment" in e["message"]]
    assert starts
    assert len(live.ecs.list_service_deployments(cluster="live", service=name)["serviceDeployments"]) == 2


def test_a_rollout_that_the_platform_takes_back_is_not_believed(live: Any, services: EcsServices, name: str) -> None:
    old = live.define(name, "1")
    live.serve(name, old, 1, **BREAKER)
    settled(services, name)
    sick = live.define(name, "2", environment={"MODE": "exit"}, logConfiguration=logged(live, name))

    services.roll("live", name, sick, singleton=False)
    end = time.monotonic() + 180
    while services.rollout("live", name).revision == sick:
        assert time.monotonic() < end, services.rollout("live", name)
        time.sleep(0.2)
    settled(services, name)

    state = services.rollout("live", name)
    assert (state.revision, state.state) == (old, "completed")
    log = services.failed_log("live", name, sick)
    assert "cannot go on" in "\n".join(log)
    assert "ended with 3" in log[0]
    assert services.failed_log("live", name, old) == ()
    services.stop_rollout("live", name)


def test_a_rollout_in_progress_is_stopped_and_goes_back(live: Any, services: EcsServices, name: str) -> None:
    old = live.define(name, "1")
    live.serve(name, old, 1)
    settled(services, name)
    services.roll("live", name, live.define(name, "2"), singleton=False)

    services.stop_rollout("live", name)
    services.stop_rollout("live", name)
    settled(services, name)

    assert services.rollout("live", name).revision == old
    services.stop_rollout("live", name)


def test_a_singleton_never_runs_twice_and_keeps_its_circuit_breaker(
    live: Any, services: EcsServices, name: str, tmp_path: Path
) -> None:
    record = tmp_path / "record"
    old = live.define(name, "1", environment={"RECORD": str(record)})
    live.serve(name, old, 1, **BREAKER)
    settled(services, name)

    services.roll("live", name, services.register(old, live.image, "t"), singleton=True)
    settled(services, name)

    assert [line.split()[0] for line in record.read_text().splitlines()][:3] == ["start", "end", "start"]
    kept = live.service(name)["deploymentConfiguration"]
    assert kept["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (kept["minimumHealthyPercent"], kept["maximumPercent"]) == (0, 100)


def test_a_revision_is_registered_once_also_when_the_answer_is_lost(
    live: Any, services: EcsServices, name: str, broken: Callable[..., None]
) -> None:
    base = live.define(name, "1", dependsOn=[], secrets=[{"name": "S", "valueFrom": "/s"}])
    live.ecs.tag_resource(resourceArn=base, tags=[{"key": "team", "value": "ledger"}])
    broken("lose-response", "RegisterTaskDefinition")

    made = services.register(base, live.image, "night/1")
    assert services.register(base, live.image, "night/1") == made
    assert services.registered(name, "night/1") == made
    assert services.registered(name, "night/2") is None
    assert live.ecs.list_task_definitions(familyPrefix=name)["taskDefinitionArns"] == [base, made]

    before, after = services.definition(base), services.definition(made)
    assert after == before
    assert services.image_of(made) == services.image_of(made, "app") == live.image
    assert services.newest(name) == made
    tags = live.ecs.list_tags_for_resource(resourceArn=made)["tags"]
    assert {t["key"]: t["value"] for t in tags} == {"team": "ledger", "dco:token": "night/1"}

    services.deregister(made)
    services.deregister(made)
    assert services.newest(name) == base
    assert services.registered(name, "night/1") is None


def test_a_revision_that_was_deregistered_is_not_rolled_to(live: Any, services: EcsServices, name: str) -> None:
    old = live.define(name, "1")
    live.serve(name, old, 1)
    gone = live.define(name, "2")
    services.deregister(gone)
    with pytest.raises(StepFailed, match="ECS does not roll") as caught:
        services.roll("live", name, gone, singleton=False)
    assert "register one like it" in caught.value.remedy
    assert services.register(gone, live.image, "again").startswith(gone.rpartition(":")[0])


def test_an_image_of_another_repository_is_refused(live: Any, services: EcsServices, name: str) -> None:
    base = live.define(name, "1")
    with pytest.raises(ConfigurationError, match="no container of"):
        services.register(base, f"elsewhere/app@{image_digest(live)}", "t")
    with pytest.raises(ConfigurationError, match="wanted is web"):
        services.image_of(base, "web")


def test_a_task_starts_once_and_tells_how_it_ended(
    live: Any, services: EcsServices, name: str, broken: Callable[..., None]
) -> None:
    network = live.define(name, "1")
    live.serve(name, network, 0)
    family = f"{name}-job"
    live.define(family, environment={"CODE": "4"}, logConfiguration=logged(live, name))
    broken("lose-response", "RunTask")

    arn = services.start_task("live", family, name, JOB, "night/offering")
    assert services.start_task("live", family, name, JOB, "night/offering") == arn
    assert services.running_tasks("live", family) in {(arn,), ()}
    state = ended(services, arn)
    assert services.start_task("live", family, name, JOB, "night/offering") == arn
    assert services.running_tasks("live", family) == ()

    assert state.exit_code == 4
    assert "app ended with 4" in state.reason
    end = time.monotonic() + 30
    while "the job is done" not in state.log and time.monotonic() < end:
        time.sleep(0.2)
        state = services.task("live", arn)
    assert state.log == ("the job is done",)
    assert services.start_task("live", family, name, JOB, "night2/offering") != arn


def test_what_does_not_exist_is_told(live: Any, services: EcsServices, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"cluster live has no service {name}"):
        services.rollout("live", name)
    with pytest.raises(ConfigurationError, match="no cluster nowhere"):
        services.rollout("nowhere", name)
    with pytest.raises(ConfigurationError, match=f"no task definition {name}"):
        services.newest(name)
    with pytest.raises(Unreadable, match="does not know task"):
        services.task("live", f"arn:aws:ecs:{live.world.region}:123456789012:task/live/{'0' * 32}")


def test_a_preflight_looks_at_all_that_a_revision_names(live: Any, services: EcsServices, name: str) -> None:
    live.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    live.client("ssm").put_parameter(Name=f"/{name}/there", Value="x", Type="SecureString")
    secret = live.client("secretsmanager").create_secret(Name=name, SecretString="{}")["ARN"]
    live.client("logs").create_log_group(logGroupName=f"/{name}/there")
    container = {
        "name": "app",
        "image": live.image,
        "memory": 64,
        "secrets": [
            {"name": "A", "valueFrom": f"{secret}:key::"},
            {"name": "B", "valueFrom": f"arn:aws:ssm:{live.world.region}:123456789012:parameter/{name}/there"},
            {"name": "C", "valueFrom": f"/{name}/gone"},
            {"name": "D", "valueFrom": secret.replace(name, "gone")},
        ],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": f"/{name}/ther"}},
    }
    other = {**container, "name": "b", "secrets": [], "essential": False}
    other["logConfiguration"] = {"logDriver": "awslogs", "options": {"awslogs-group": f"/{name}/there"}}
    revision = live.ecs.register_task_definition(
        family=name,
        executionRoleArn=f"arn:aws:iam::123456789012:role/{name}",
        taskRoleArn="arn:aws:iam::123456789012:role/gone",
        containerDefinitions=[container, other],
    )["taskDefinition"]["taskDefinitionArn"]

    found = services.preflight(revision, live.image)

    marks = {finding.what: finding.mark for finding in found}
    missing = {f.what for f in bad(found)}
    assert len(found) == 9
    assert missing == {"task role gone", f"parameter /{name}/gone", f"log group /{name}/ther"} | {
        what for what in marks if what.startswith("secret gone")
    }
    assert all(f.detail and f.remedy for f in bad(found))
    assert marks[f"image {live.image}"] is Mark.OK
    none = live.image.partition("@")[0] + "@sha256:" + "0" * 64
    assert services.preflight(revision, none)[0].mark is Mark.NG
    assert services.preflight(revision, "nginx:1")[0].mark is Mark.SKIP


def test_what_may_not_be_looked_at_is_skipped_with_the_reason(live: Any, services: EcsServices, name: str) -> None:
    revision = live.ecs.register_task_definition(
        family=name,
        executionRoleArn="arn:aws:iam::123456789012:role/any",
        containerDefinitions=[{"name": "app", "image": live.image, "memory": 64}],
    )["taskDefinition"]["taskDefinitionArn"]
    rule = {"kind": "error", "service": "iam", "action": "GetRole", "code": "AccessDenied", "status": 403, "count": 1}
    access.control(live.world, "POST", "faults", rule)
    role = services.preflight(revision, live.image)[1]
    access.control(live.world, "DELETE", "faults")
    assert (role.mark, role.detail) == (Mark.SKIP, "we may not look: GetRole is denied")
