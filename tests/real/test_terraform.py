"""The sample's stack, applied by a real Terraform through the provider stand-in to a plain moto server."""

import json
import shutil
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.real.terraform_stack import Stack, image, lay_out, moto_server, put_slot, terraform

from dco_gate import settings
from dco_sandbox.provider.install import cli_config, install

ADDRESS = "127.8.4.1"
STATE = {"Bucket": "credcoin-production-state", "Key": "infra/terraform.tfstate"}
ALONE = """terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    with moto_server(ADDRESS) as endpoint:
        made = lay_out(tmp_path_factory.mktemp("stack"), endpoint, terraform())
        made.init()
        made.apply()
        yield made


@pytest.fixture
def alone(tmp_path: Path) -> Stack:
    """A root module of its own, with no backend and no endpoint."""
    (tmp_path / "repo" / "infra").mkdir(parents=True)
    install(tmp_path / "mirror")
    (tmp_path / "terraform.rc").write_text(cli_config(tmp_path / "mirror"))
    return Stack(tmp_path, "http://127.8.4.9:9", terraform())


def deploy(stack: Stack, digit: int) -> None:
    """Deploy an image as dco does: a revision of each family with its own mark, the service, the slot."""
    ecs = stack.client("ecs")
    made: list[str] = []
    for family in ("credcoin-production-api", "credcoin-production-offering"):
        answer = ecs.describe_task_definition(taskDefinition=family, include=["TAGS"])
        old: dict[str, Any] = answer["taskDefinition"]
        keys = ("family", "cpu", "memory", "networkMode", "executionRoleArn", "taskRoleArn")
        containers = [{**each, "image": image(digit)} for each in old["containerDefinitions"]]
        fresh = ecs.register_task_definition(
            **{key: old[key] for key in keys},
            requiresCompatibilities=old["requiresCompatibilities"],
            containerDefinitions=containers,
            tags=[*answer["tags"], {"key": "dco:token", "value": f"night-{digit}"}],
        )
        made.append(fresh["taskDefinition"]["taskDefinitionArn"])
    service = {"cluster": "credcoin-production", "service": "api"}
    ecs.update_service(**service, taskDefinition=made[0])
    put_slot(stack, "api/image", image(digit))


def test_applied_once_it_has_nothing_more_to_change(stack: Stack) -> None:
    planned = stack.plan()
    assert (planned.code, "No changes." in planned.text) == (0, True), planned.text


def test_gates_are_told_what_they_speak_for_and_stand_behind_a_balancer(stack: Stack, tmp_path: Path) -> None:
    said = {name: parameter(stack, name) for name in ("gate/configuration", "gate/control", "ledger/uri", "search/uri")}
    (tmp_path / "gate.toml").write_text(said["gate/configuration"].replace("@address@", "127.8.4.2"))
    found = settings.read(tmp_path / "gate.toml")
    blue = {name: json.loads(parameter(stack, f"{name}/addresses")) for name in ("ledger", "search")}
    assert {name: one.servers for name, one in found.databases.items()} == blue
    assert found.record.bucket == "credcoin-production-dco"
    [balancer] = stack.client("elbv2").describe_load_balancers(Names=["credcoin-production-gate"])["LoadBalancers"]
    for port, (name, one) in enumerate(sorted(found.databases.items()), 7687):
        assert (one.serves, one.listen) == ("blue", f"127.8.4.2:{port}")
        assert said[f"{name}/uri"] == f"bolt://{one.advertised}" == f"bolt://{balancer['DNSName']}:{port}"
        assert targets(stack, f"credcoin-production-gate-{name}") == gates(stack).keys()
    assert json.loads(said["gate/control"]) == [f"http://{place}:7690" for place in gates(stack).values()]


def parameter(stack: Stack, name: str) -> str:
    found = stack.client("ssm").get_parameter(Name=f"/credcoin/production/{name}")
    return found["Parameter"]["Value"]


def gates(stack: Stack) -> dict[str, str]:
    """Give the address of each gate by its id, in the order of their zones."""
    wanted = [{"Name": "tag:Name", "Values": ["credcoin-production-gate-*"]}]
    pages = stack.client("ec2").describe_instances(Filters=wanted)["Reservations"]
    found = [one for page in pages for one in page["Instances"]]
    found.sort(key=lambda one: one["Placement"]["AvailabilityZone"])
    return {one["InstanceId"]: one["PrivateIpAddress"] for one in found}


def targets(stack: Stack, group: str) -> set[str]:
    elb = stack.client("elbv2")
    [arn] = [one["TargetGroupArn"] for one in elb.describe_target_groups(Names=[group])["TargetGroups"]]
    return {one["Target"]["Id"] for one in elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]}


def test_databases_admit_the_service_only_where_it_has_no_gate(stack: Stack) -> None:
    ec2 = stack.client("ec2")
    found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["credcoin-production-*"]}])
    names = {one["GroupId"]: one["GroupName"].removeprefix("credcoin-production-") for one in found["SecurityGroups"]}
    into = {
        names[one["GroupId"]]: {
            names[pair["GroupId"]] for rule in one["IpPermissions"] for pair in rule["UserIdGroupPairs"]
        }
        for one in found["SecurityGroups"]
    }
    assert into["database"] == {"gate", "stream", "runner", "database"}
    assert into["gate"] == {"service", "runner", "gate"}
    without = stack.changes("-var=gates=0")
    assert without['module.network.aws_vpc_security_group_ingress_rule.database["service"]'] == ["create"]
    assert without['module.database["ledger"].aws_ssm_parameter.uri'] == ["update"]
    assert {actions[0] for address, actions in without.items() if address.startswith("module.gate")} == {"delete"}
    assert not [address for address in without if "database" in address and "aws_instance" in address]


def test_one_gate_alone_is_what_clients_read_and_two_without_a_balancer_are_refused(stack: Stack) -> None:
    alone = stack.changes("-var=gates=1")
    assert alone['module.gate[0].aws_instance.this["eu-central-1b"]'] == ["delete"]
    assert alone['module.database["search"].aws_ssm_parameter.uri'] == ["update"]
    main = stack.infra / "main.tf"
    text = main.read_text()
    try:
        main.write_text(text.replace("balancer                = var.gates > 1", "balancer = false"))
        refused = stack.plan()
    finally:
        main.write_text(text)
    assert refused.code == 1
    assert "Without a balancer clients can know only one gate" in " ".join(refused.text.split())


def test_a_deployment_by_dco_is_no_change(stack: Stack) -> None:
    deploy(stack, 2)
    assert stack.changes() == {}


def test_a_slot_that_runs_ahead_of_the_service_is_a_change_of_its_image(stack: Stack) -> None:
    put_slot(stack, "api/image", image(3))
    try:
        changes = stack.changes()
    finally:
        deploy(stack, 4)
    assert set(changes) == {
        "aws_ecs_task_definition.offering",
        "module.api.aws_ecs_task_definition.this",
        "module.api.aws_ecs_service.this",
    } | {name for name in changes if "aws_appautoscaling" in name}
    assert changes["module.api.aws_ecs_service.this"] == ["update"]


def test_a_new_image_in_a_databases_slot_leaves_its_instance_alone(stack: Stack) -> None:
    machine = stack.client("ec2").register_image(Name="neo4j-of-tomorrow")["ImageId"]
    put_slot(stack, "ledger/slot", json.dumps({"image": machine, "version": "5.26.31", "colour": "blue"}))
    assert stack.changes() == {}


def test_drift_is_seen_and_put_right(stack: Stack) -> None:
    group = "/credcoin/production/offering"
    stack.client("logs").put_retention_policy(logGroupName=group, retentionInDays=1)
    assert stack.changes() == {"aws_cloudwatch_log_group.offering": ["update"]}
    stack.apply()
    found = stack.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [each["retentionInDays"] for each in found] == [30]


def test_a_changed_value_is_an_update_in_place_and_its_plan_is_good_once(stack: Stack) -> None:
    values = stack.infra / "production.tfvars"
    values.write_text(values.read_text().replace("api_max_tasks = 4", "api_max_tasks = 9"))
    planned = stack.plan("-out=../../plan.bin")
    assert "1 to change, 0 to destroy" in planned.text
    stack.must("apply", "-input=false", "-no-color", "../../plan.bin")
    again = stack.run("apply", "-input=false", "-no-color", "../../plan.bin")
    assert (again.code, "Saved plan is stale" in again.text) == (1, True), again.text
    targets = stack.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    assert [target["MaxCapacity"] for target in targets["ScalableTargets"]] == [9]


def test_a_held_lock_names_its_holder_and_nothing_is_changed(stack: Stack) -> None:
    lock = {"Bucket": STATE["Bucket"], "Key": f"{STATE['Key']}.tflock"}
    held = {
        "ID": "8b0d5f0a-0000-4000-8000-000000000000",
        "Operation": "OperationTypeApply",
        "Who": "alice@runner-7",
        "Version": "1.11.4",
        "Created": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "Path": "credcoin-production-state/infra/terraform.tfstate",
    }
    stack.client("s3").put_object(**lock, Body=json.dumps(held).encode())
    try:
        planned = stack.plan()
    finally:
        stack.client("s3").delete_object(**lock)
    assert planned.code == 1
    assert "Error acquiring the state lock" in planned.text
    assert "alice@runner-7" in planned.text


@pytest.mark.long
def test_what_holds_data_is_not_destroyed_and_the_rest_is(stack: Stack) -> None:
    files = ("-var-file=production.tfvars", "-var-file=../../sandbox.tfvars")
    refused = stack.run("destroy", "-auto-approve", "-no-color", *files)
    assert refused.code == 1
    for name in ("aws_ebs_volume.data", "aws_instance.this", "aws_s3_bucket.this", "aws_s3_bucket.reports"):
        assert name in refused.text
    assert "prevent_destroy" in refused.text
    try:
        done = stack.must("destroy", "-auto-approve", "-no-color", "-target=module.api", *files)
        assert "Destroy complete!" in done
        left = stack.client("elbv2").describe_load_balancers()["LoadBalancers"]
        assert [balancer["LoadBalancerName"] for balancer in left] == ["credcoin-production-gate"]
        volumes = stack.client("ec2").describe_volumes(Filters=[{"Name": "tag:dco:database", "Values": ["*"]}])
        assert len(volumes["Volumes"]) == 2
    finally:
        stack.apply()


def test_no_secret_is_in_the_state(stack: Stack) -> None:
    text = stack.client("s3").get_object(**STATE)["Body"].read().decode()
    assert "credcoin/production/ledger" in text
    assert "not-to-be-seen" not in text


def test_an_argument_and_a_type_that_are_not_known_are_named(alone: Stack) -> None:
    (alone.infra / "main.tf").write_text(
        ALONE + 'resource "aws_vpc" "a" {\n  cidr_block = "10.0.0.0/16"\n  flavour = "sweet"\n}\n'
    )
    alone.must("init", "-input=false", "-no-color")
    said = alone.run("validate", "-no-color")
    assert said.code == 1
    assert 'An argument named "flavour" is not expected here' in said.text
    (alone.infra / "main.tf").write_text(ALONE + 'resource "aws_sandwich" "a" {}\n')
    said = alone.run("validate", "-no-color")
    assert said.code == 1
    assert 'does not support resource type "aws_sandwich"' in " ".join(said.text.split())


def test_aws_out_of_reach_is_an_error_with_its_address(alone: Stack) -> None:
    (alone.infra / "main.tf").write_text(ALONE + 'data "aws_caller_identity" "me" {}\n')
    alone.must("init", "-input=false", "-no-color")
    said = alone.run("plan", "-input=false", "-no-color")
    assert said.code == 1
    assert "Could not connect to the endpoint URL" in said.text
    assert alone.endpoint in said.text


@pytest.mark.skipif(shutil.which("tofu") is None, reason="OpenTofu (tofu) is not on PATH")
def test_opentofu_accepts_the_same_files(stack: Stack, tmp_path: Path) -> None:
    shutil.copytree(stack.infra, tmp_path / "repo" / "infra", ignore=shutil.ignore_patterns(".terraform*"))
    shutil.copytree(stack.directory / "repo" / "terraform", tmp_path / "repo" / "terraform")
    (tmp_path / "terraform.rc").write_text((stack.directory / "terraform.rc").read_text())
    tofu = Stack(tmp_path, stack.endpoint, "tofu")
    tofu.must("init", "-backend=false", "-input=false", "-no-color")
    assert "Success!" in tofu.must("validate", "-no-color")
