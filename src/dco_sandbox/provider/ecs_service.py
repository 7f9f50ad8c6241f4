"""ECS: services."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.ecs import EcsKind, tags_of
from dco_sandbox.provider.kind import given, pairs, wait_until
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

STEADY_SECONDS = 600.0

BREAKER = Block("deployment_circuit_breaker", (required("enable", BOOL), required("rollback", BOOL)), most=1)
BALANCERS = Block(
    "load_balancer",
    (optional("target_group_arn"), required("container_name"), required("container_port", NUMBER)),
    as_set=True,
)
NETWORK = Block(
    "network_configuration",
    (
        required("subnets", TEXT_SET),
        optional("security_groups", TEXT_SET),
        optional("assign_public_ip", BOOL, default=False),
    ),
    most=1,
)
CONTROLLER = Block("deployment_controller", (optional("type", default="ECS"),), most=1, new=True)
ALARMS = Block(
    "alarms",
    (required("alarm_names", TEXT_SET), required("enable", BOOL), required("rollback", BOOL)),
    most=1,
)


class Service(EcsKind):
    """A number of tasks kept running."""

    name = "aws_ecs_service"
    attributes = (
        computed("id"),
        computed("arn"),
        required("name", new=True),
        either("cluster", new=True),
        optional("task_definition"),
        optional("desired_count", NUMBER),
        either("launch_type", new=True),
        either("platform_version"),
        either("scheduling_strategy", default="REPLICA", new=True),
        optional("deployment_maximum_percent", NUMBER, default=200),
        optional("deployment_minimum_healthy_percent", NUMBER, default=100),
        optional("health_check_grace_period_seconds", NUMBER, default=0),
        optional("enable_ecs_managed_tags", BOOL, default=False),
        optional("enable_execute_command", BOOL, default=False),
        optional("propagate_tags"),
        optional("wait_for_steady_state", BOOL),
        optional("force_new_deployment", BOOL),
        *TAGS,
    )
    blocks = (BREAKER, BALANCERS, NETWORK, CONTROLLER, ALARMS)

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the service."""
        asked = given(
            launchType=want["launch_type"],
            platformVersion=want["platform_version"],
            propagateTags=want["propagate_tags"],
        )
        if want[CONTROLLER.name]:
            asked["deploymentController"] = {"type": want[CONTROLLER.name][0]["type"] or "ECS"}
        if want["tags_all"]:
            asked["tags"] = pairs(want["tags_all"], "key", "value")
        made = aws("ecs").create_service(
            **given(cluster=want["cluster"]),
            serviceName=want["name"],
            schedulingStrategy=want["scheduling_strategy"],
            **_asked(want),
            **asked,
        )["service"]
        return {"id": made["serviceArn"], "arn": made["serviceArn"], "cluster": made["clusterArn"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Wait for the service to be steady, when asked."""
        _wait_steady(aws, state)

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the service."""
        answer = aws("ecs").describe_services(cluster=have["cluster"], services=[have["id"]], include=["TAGS"])
        found = [each for each in answer["services"] if each["status"] == "ACTIVE"]
        if not found:
            return None
        service = found[0]
        plain = {
            "task_definition": "taskDefinition",
            "desired_count": "desiredCount",
            "launch_type": "launchType",
            "platform_version": "platformVersion",
            "health_check_grace_period_seconds": "healthCheckGracePeriodSeconds",
            "enable_ecs_managed_tags": "enableECSManagedTags",
            "enable_execute_command": "enableExecuteCommand",
        }
        real = {name: service[argument] for name, argument in plain.items() if argument in service}
        real |= {"arn": service["serviceArn"], "tags_all": tags_of(service.get("tags"))}
        real["platform_version"] = service.get("platformVersion") or have.get("platform_version") or "LATEST"
        return real | _network(service) | _balancers(service) | _deployment(service)

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Update the service; a new task definition begins a deployment."""
        asked = _asked(want)
        aws("ecs").update_service(
            cluster=have["cluster"],
            service=have["id"],
            forceNewDeployment=bool(want["force_new_deployment"]),
            **asked,
        )
        _wait_steady(aws, {**want, "id": have["id"], "cluster": have["cluster"]})

    def delete(self, aws: Aws, have: Values) -> None:
        """Drain and end it."""
        one = {"cluster": have["cluster"], "service": have["id"]}
        aws("ecs").update_service(**one, desiredCount=0)
        aws("ecs").delete_service(**one, force=True)
        wait_until(f"the end of service {have['name']}", lambda: _ended(aws, have), STEADY_SECONDS)


def _ended(aws: Aws, have: Values) -> bool:
    answer = aws("ecs").describe_services(cluster=have["cluster"], services=[have["id"]])
    return all(each["status"] == "INACTIVE" for each in answer["services"])


def _wait_steady(aws: Aws, state: Values) -> None:
    if not state["wait_for_steady_state"]:
        return

    def steady() -> bool:
        answer = aws("ecs").describe_services(cluster=state["cluster"], services=[state["id"]])
        found = answer["services"][0]
        return len(found["deployments"]) == 1 and found["runningCount"] == found["desiredCount"]

    wait_until(f"service {state['name']} to be steady", steady, STEADY_SECONDS, pause=0.5)


def _asked(want: Values) -> dict[str, Any]:
    """Give what creating and updating have in common."""
    desired, grace = want["desired_count"], want["health_check_grace_period_seconds"]
    asked = given(
        taskDefinition=want["task_definition"],
        desiredCount=None if desired is None else int(desired),
        healthCheckGracePeriodSeconds=None if grace is None else int(grace),
        enableECSManagedTags=want["enable_ecs_managed_tags"],
        enableExecuteCommand=want["enable_execute_command"],
    )
    rollout: dict[str, Any] = {
        "maximumPercent": int(_or(want["deployment_maximum_percent"], 200)),
        "minimumHealthyPercent": int(_or(want["deployment_minimum_healthy_percent"], 100)),
    }
    if want[BREAKER.name]:
        breaker = want[BREAKER.name][0]
        rollout["deploymentCircuitBreaker"] = {k: bool(breaker[k]) for k in ("enable", "rollback")}
    if want[ALARMS.name]:
        watch = want[ALARMS.name][0]
        names = {"alarmNames": list(watch["alarm_names"])}
        rollout["alarms"] = {**names, "enable": watch["enable"], "rollback": watch["rollback"]}
    if want[NETWORK.name]:
        asked["networkConfiguration"] = {"awsvpcConfiguration": _awsvpc(want[NETWORK.name][0])}
    asked["loadBalancers"] = [
        given(
            targetGroupArn=each["target_group_arn"],
            containerName=each["container_name"],
            containerPort=int(each["container_port"]),
        )
        for each in want[BALANCERS.name]
    ]
    return {**asked, "deploymentConfiguration": rollout}


def _or(value: Any, default: int) -> Any:
    return default if value is None else value


def _awsvpc(block: Values) -> dict[str, Any]:
    return {
        "subnets": list(block["subnets"]),
        "securityGroups": list(block["security_groups"] or []),
        "assignPublicIp": "ENABLED" if block["assign_public_ip"] else "DISABLED",
    }


def _network(service: dict[str, Any]) -> Values:
    if "networkConfiguration" not in service:
        return {}
    found = service["networkConfiguration"]["awsvpcConfiguration"]
    block = {
        "subnets": found["subnets"],
        "security_groups": found.get("securityGroups"),
        "assign_public_ip": found.get("assignPublicIp") == "ENABLED",
    }
    return {NETWORK.name: [block]}


def _balancers(service: dict[str, Any]) -> Values:
    if "loadBalancers" not in service:
        return {}
    names = {
        "target_group_arn": "targetGroupArn",
        "container_name": "containerName",
        "container_port": "containerPort",
    }
    found = service["loadBalancers"]
    return {BALANCERS.name: [{k: each.get(argument) for k, argument in names.items()} for each in found]}


def _deployment(service: dict[str, Any]) -> Values:
    found = service.get("deploymentConfiguration") or {}
    real: Values = {}
    if "maximumPercent" in found:
        real["deployment_maximum_percent"] = found["maximumPercent"]
    if "minimumHealthyPercent" in found:
        real["deployment_minimum_healthy_percent"] = found["minimumHealthyPercent"]
    if "deploymentCircuitBreaker" in found:
        breaker = found["deploymentCircuitBreaker"]
        asked = breaker["enable"] or breaker["rollback"]
        real[BREAKER.name] = [{k: breaker[k] for k in ("enable", "rollback")}] if asked else []
    return real


KINDS = (Service,)
