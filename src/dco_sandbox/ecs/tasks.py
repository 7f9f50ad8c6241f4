"""A task as ECS shows it: made with an address of its subnet, and described from what is known of it."""

import ipaddress
import time
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.subnets import Subnet
from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.ecs.models import Cluster, Task, TaskDefinition

from dco_sandbox.ecs.state import TaskState, backend, of_task, tasks
from dco_sandbox.world import World

_FIRST_HOST = 10
_PLATFORM = "1.4.0"


def make(
    world: World,
    cluster: Cluster,
    definition: TaskDefinition,
    network: dict[str, Any] | None,
    **identity: Any,
) -> Task:
    """Make a task that is PROVISIONING, with a network interface of its own; nothing runs yet.

    Follows the Amazon ECS Developer Guide, "Amazon ECS task lifecycle" and "Allocate a network interface for an
    Amazon ECS task". `identity` goes to moto's Task (group, started_by, tags, overrides).
    """
    if len(definition.container_definitions) != 1:
        raise EcsClientException(
            f"The sandbox runs one container a task; {definition.family} has "
            f"{len(definition.container_definitions)}. Leave one, or try this task on AWS."
        )
    subnet = _subnet(world, network)
    chosen = {**network["awsvpcConfiguration"], "subnets": [subnet.id]} if network else {}
    chosen.setdefault("securityGroups", [])
    made: Any = Task(
        cluster,
        definition,
        None,
        {},
        backend(world),
        launch_type="FARGATE",
        networking_configuration={"awsvpcConfiguration": chosen},
        platform_version=_PLATFORM,
        **identity,
    )
    task: Task = made  # moto's classes don't tell their instances' type
    address = _free_address(world, subnet)
    # The owner is named, not referred to: ECS and EC2 are saved apart from each other.
    subnet._subnet_ips[address] = task.id  # noqa: SLF001  # pyright: ignore[reportArgumentType]
    _attach(world, task, address)
    vars(task)["live"] = TaskState(address, created=time.time())
    backend(world).tasks.setdefault(cluster.name, {})[task.task_arn] = task
    describe(world, task)
    return task


def release(world: World, task: Task) -> None:
    """Give a stopped task's interface and address back; may be called twice.

    Follows "Amazon ECS task lifecycle" (DEPROVISIONING): the interface is deleted.
    """
    ec2 = ec2_backends[world.account][world.region]
    interface = ec2.enis.pop(_detail(task, "networkInterfaceId"), None)
    if interface is not None:
        # moto's own pool of freed addresses is passed over on purpose: an address rests before it is used again.
        interface.subnet._subnet_ips.pop(of_task(task).address, None)  # noqa: SLF001
    task.attachments[0]["status"] = "DELETED"


def describe(world: World, task: Task) -> None:
    """Write what is known of a task into the attributes that ECS answers with."""
    live = of_task(task)
    definition = backend(world).describe_task_definition(task.task_definition_arn)
    vars(task).update(
        cpu=definition.cpu,
        memory=definition.memory,
        created_at=_moment(live.created),
        started_at=_moment(live.started),
        stopping_at=_moment(live.stopping),
        stopped_at=_moment(live.stopped),
        execution_stopped_at=_moment(live.stopped),
        connectivity="CONNECTED",
        connectivity_at=_moment(live.created),
        pull_started_at=_moment(live.created),
        pull_stopped_at=_moment(live.started),
        stop_code=live.stop_code,
        stopped_reason=live.reason or None,
        desired_status="STOPPED" if live.stopping or live.over else "RUNNING",
        health_status="UNKNOWN",
        availability_zone=_zone(world, task),
        version=1,
        containers=[_container(task, definition.container_definitions[0], live)],
    )


def container(task: Task, world: World) -> dict[str, Any]:
    """Return a task's container definition with its overrides applied. API reference, ContainerOverride."""
    definition = backend(world).describe_task_definition(task.task_definition_arn).container_definitions[0]
    merged = dict(definition)
    overrides: list[dict[str, Any]] = task.overrides.get("containerOverrides", [])
    for override in overrides:
        if override.get("name") != definition["name"]:
            raise EcsClientException(f"Override for container named {override.get('name')} is not a container.")
        merged.update({key: value for key, value in override.items() if key != "environment"})
        added = {item["name"] for item in override.get("environment", [])}
        kept = [item for item in merged.get("environment", []) if item["name"] not in added]
        merged["environment"] = [*kept, *override.get("environment", [])]
    return merged


def _container(task: Task, definition: dict[str, Any], live: TaskState) -> dict[str, Any]:
    state = "STOPPED" if live.over else "RUNNING" if live.started else "PENDING"
    return {
        "containerArn": task.task_arn.replace(":task/", ":container/") + f"/{task.id[:8]}",
        "taskArn": task.task_arn,
        "name": definition["name"],
        "image": definition["image"],
        "imageDigest": live.digest,
        "runtimeId": f"{task.id.replace('-', '')}-{definition['name']}",
        "lastStatus": state,
        "exitCode": live.exit_code,
        "reason": live.container_reason,
        "networkBindings": [],
        "networkInterfaces": [{"attachmentId": task.attachments[0]["id"], "privateIpv4Address": live.address}],
        "healthStatus": "UNKNOWN",
        "cpu": str(definition.get("cpu", 0)),
    }


def _subnet(world: World, network: dict[str, Any] | None) -> Subnet:
    """Choose the subnet with the fewest tasks, so that they spread over the zones."""
    if not network:
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    ec2 = ec2_backends[world.account][world.region]
    living = [_detail(task, "subnetId") for task in tasks(world) if not of_task(task).over]
    names: list[str] = network["awsvpcConfiguration"]["subnets"]
    return ec2.get_subnet(min(names, key=lambda name: (living.count(name), names.index(name))))


def _free_address(world: World, subnet: Subnet) -> str:
    """Return the address after the last one given, so that one just freed rests as long as possible."""
    network = ipaddress.IPv4Network(subnet.cidr_block)
    interfaces = ec2_backends[world.account][world.region].enis.values()
    taken = {*subnet._subnet_ips, *(interface.private_ip_address for interface in interfaces)}  # noqa: SLF001
    last = int(vars(subnet).get("live_last_host", _FIRST_HOST - 1))
    span = network.num_addresses - 1 - _FIRST_HOST
    for step in range(1, span + 1):
        host = _FIRST_HOST + (last - _FIRST_HOST + step) % span
        address = str(network.network_address + host)
        if address not in taken:
            vars(subnet)["live_last_host"] = host
            return address
    raise InvalidParameterException(f"Subnet {subnet.id} has no free address.")


def _attach(world: World, task: Task, address: str) -> None:
    interface = ec2_backends[world.account][world.region].enis[_detail(task, "networkInterfaceId")]
    interface.private_ip_address = address
    interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    details = [item for item in task.attachments[0]["details"] if item["value"] is not None]
    task.attachments[0]["details"] = details
    for item in details:
        if item["name"] == "privateIPv4Address":
            item["value"] = address


def _detail(task: Task, name: str) -> str:
    return next(item["value"] for item in task.attachments[0]["details"] if item["name"] == name)


def _zone(world: World, task: Task) -> str:
    return ec2_backends[world.account][world.region].get_subnet(_detail(task, "subnetId")).availability_zone


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
