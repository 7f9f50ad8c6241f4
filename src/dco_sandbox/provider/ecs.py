"""ECS: clusters and task definitions."""

import json
from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, given, pairs, unpaired
from dco_sandbox.provider.schema import (
    BOOL,
    NUMBER,
    TAGS,
    TEXT_SET,
    Block,
    computed,
    either,
    optional,
    required,
)
from dco_sandbox.provider.wire import Values


class EcsKind(Kind):
    """A kind whose tags are ECS's."""

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Change tags by ARN."""
        if remove:
            aws("ecs").untag_resource(resourceArn=have["arn"], tagKeys=remove)
        if add:
            aws("ecs").tag_resource(resourceArn=have["arn"], tags=pairs(add, "key", "value"))


def tags_of(found: list[dict[str, str]] | None) -> dict[str, str]:
    """Give tags as ECS describes them."""
    return unpaired(found, "key", "value")


class Cluster(EcsKind):
    """Where services and tasks run."""

    name = "aws_ecs_cluster"
    attributes = (computed("id"), computed("arn"), required("name", new=True), *TAGS)
    blocks = (Block("setting", (required("name"), required("value")), as_set=True),)

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the cluster."""
        made = aws("ecs").create_cluster(
            clusterName=want["name"],
            tags=pairs(want["tags_all"], "key", "value"),
            settings=[{"name": each["name"], "value": each["value"]} for each in want["setting"]],
        )
        return {"id": made["cluster"]["clusterArn"], "arn": made["cluster"]["clusterArn"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the cluster; settings count when they were asked for."""
        answer = aws("ecs").describe_clusters(clusters=[have["id"]], include=["TAGS", "SETTINGS"])
        found = [each for each in answer["clusters"] if each["status"] != "INACTIVE"]
        if not found:
            return None
        names = {each["name"] for each in have.get("setting") or []}
        settings = [each for each in found[0].get("settings") or [] if each["name"] in names]
        tags = tags_of(found[0].get("tags"))
        return {"arn": found[0]["clusterArn"], "setting": settings, "tags_all": tags}

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Set the settings."""
        if have["setting"] != want["setting"]:
            settings = [{"name": each["name"], "value": each["value"]} for each in want["setting"]]
            aws("ecs").update_cluster(cluster=have["id"], settings=settings)

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws("ecs").delete_cluster(cluster=have["id"])


def same_containers(left: str, right: str) -> bool:
    """Tell whether two container definitions mean the same, ECS's additions left out."""
    try:
        return bool(_containers(left) == _containers(right))
    except ValueError:
        return left == right


def _containers(text: str) -> list[Any]:
    return sorted((_container(each) for each in json.loads(text)), key=lambda each: each["name"])


def _container(found: dict[str, Any]) -> dict[str, Any]:
    plain = {k: v for k, v in found.items() if v not in (None, [], {}, 0)}
    plain.setdefault("essential", True)
    for named in ("environment", "secrets"):
        if named in plain:
            plain[named] = sorted(plain[named], key=lambda each: each["name"])
    if "portMappings" in plain:
        plain["portMappings"] = [_port(each) for each in plain["portMappings"]]
    return plain


def _port(found: dict[str, Any]) -> tuple[int, str]:
    # With awsvpc the host's port is the container's, whether said or not.
    return int(found["containerPort"]), str(found.get("protocol") or "tcp")


SIMPLE = {
    "cpu": "cpu",
    "memory": "memory",
    "network_mode": "networkMode",
    "execution_role_arn": "executionRoleArn",
    "task_role_arn": "taskRoleArn",
    "requires_compatibilities": "requiresCompatibilities",
}


class TaskDefinition(EcsKind):
    """A revision of what a task is made of; with `track_latest`, the family's newest."""

    name = "aws_ecs_task_definition"
    attributes = (
        computed("id"),
        computed("arn"),
        computed("arn_without_revision"),
        computed("revision", NUMBER),
        required("family", new=True),
        required("container_definitions", new=True, same=same_containers),
        optional("cpu", new=True),
        optional("memory", new=True),
        either("network_mode", new=True),
        optional("requires_compatibilities", TEXT_SET, new=True),
        optional("execution_role_arn", new=True),
        optional("task_role_arn", new=True),
        either("track_latest", BOOL, False),
        either("skip_destroy", BOOL, False),
        *TAGS,
    )
    blocks = (
        Block(
            "runtime_platform",
            (optional("cpu_architecture"), optional("operating_system_family")),
            most=1,
            new=True,
        ),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Register a revision."""
        platform = want["runtime_platform"]
        asked = given(**{argument: want[name] for name, argument in SIMPLE.items()})
        if platform:
            asked["runtimePlatform"] = given(
                cpuArchitecture=platform[0]["cpu_architecture"],
                operatingSystemFamily=platform[0]["operating_system_family"],
            )
        if want["tags_all"]:
            asked["tags"] = pairs(want["tags_all"], "key", "value")
        made = aws("ecs").register_task_definition(
            family=want["family"],
            containerDefinitions=json.loads(want["container_definitions"]),
            **asked,
        )["taskDefinition"]
        return {"id": want["family"], "arn": made["taskDefinitionArn"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the revision, or for the family's newest active one when that is tracked."""
        which = have["family"] if have["track_latest"] else have["arn"]
        answer = aws("ecs").describe_task_definition(taskDefinition=which, include=["TAGS"])
        found = answer["taskDefinition"]
        if found.get("status") == "INACTIVE":
            return None
        arn = found["taskDefinitionArn"]
        real: Values = {name: found.get(argument) for name, argument in SIMPLE.items()}
        if found.get("runtimePlatform"):
            platform = found["runtimePlatform"]
            real["runtime_platform"] = [
                {
                    "cpu_architecture": platform.get("cpuArchitecture"),
                    "operating_system_family": platform.get("operatingSystemFamily"),
                }
            ]
        return {
            **real,
            "arn": arn,
            "arn_without_revision": arn.rsplit(":", 1)[0],
            "revision": found["revision"],
            "container_definitions": json.dumps(found["containerDefinitions"]),
            "tags_all": tags_of(answer.get("tags")),
        }

    def delete(self, aws: Aws, have: Values) -> None:
        """Deregister the revision, unless it is to be kept for going back."""
        if not have["skip_destroy"]:
            aws("ecs").deregister_task_definition(taskDefinition=have["arn"])


KINDS = (Cluster, TaskDefinition)
