"""ECS's calls for services and tasks, put in the place of moto's, which keep no state of what really runs."""

from collections.abc import Callable
from typing import Any

from botocore import xform_name
from moto.core.responses import ActionResult
from moto.ecs.exceptions import (
    EcsClientException,
    InvalidParameterException,
    ServiceNotFoundException,
    TaskDefinitionNotFoundException,
)
from moto.ecs.models import Cluster, EC2ContainerServiceBackend, Service, TaskDefinition
from moto.ecs.responses import EC2ContainerServiceResponse as Response
from moto.elbv2.models import elbv2_backends

from dco_sandbox.ecs import deployments, views
from dco_sandbox.ecs.state import ServiceState, backend, now, of_service
from dco_sandbox.runtime import Runtime

KEPT = (
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
    "propagateTags",
)
"""What a service is described with just as it was asked for."""
_REFUSED = ("serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations")
_moto_create: Callable[[Response], ActionResult] = Response.create_service


def install(runtime: Runtime) -> None:
    """Replace moto's calls; `runtime` is the world that they act in."""

    def bound(call: Callable[[Runtime, Response], dict[str, Any]]) -> Callable[[Response], ActionResult]:
        def answer(response: Response) -> ActionResult:
            result = call(runtime, response)
            runtime.touch("ecs", "ec2")
            return ActionResult(result)

        answer.__name__ = call.__name__
        return answer

    for call in (create_service, update_service, delete_service):
        setattr(Response, call.__name__, bound(call))
    EC2ContainerServiceBackend.describe_task_definition = _describe_task_definition


def create_service(runtime: Runtime, response: Response) -> dict[str, Any]:
    """CreateService: the service is ACTIVE at once, its first deployment in progress. API reference, CreateService."""
    _refuse_unknown(response)
    definition = usable(runtime, response._get_param("taskDefinition"))  # noqa: SLF001
    _check_target_groups(runtime, response._get_param("loadBalancers") or [])  # noqa: SLF001
    moto, cluster = backend(runtime.world), _cluster(runtime, response)
    name = response._get_param("serviceName")  # noqa: SLF001
    there = moto.services.get(f"{cluster.name}:{name}")
    if there is not None and there.status != "INACTIVE":
        raise InvalidParameterException("Creation of service was not idempotent.")
    _moto_create(response)
    made = moto.services[f"{cluster.name}:{name}"]
    made.launch_type, made.task_definition, made.deployments = "FARGATE", definition.arn, []
    vars(made).update(live=ServiceState(), created_at=now(), created_by=None)
    _keep(made, response)
    deployments.begin(made, definition.arn)
    views.describe(runtime.world, made)
    return {"service": made}


def update_service(runtime: Runtime, response: Response) -> dict[str, Any]:
    """UpdateService: a new deployment when what the tasks are made of changes, or when forced.

    Follows the API reference, UpdateService: a changed desired count or deployment configuration alone starts none.
    """
    _refuse_unknown(response)
    service = find(runtime, response)
    wanted = response._get_param("taskDefinition")  # noqa: SLF001
    definition = usable(runtime, wanted).arn if wanted else str(service.task_definition)
    network = response._get_param("networkConfiguration")  # noqa: SLF001
    balancers = response._get_param("loadBalancers")  # noqa: SLF001
    _keep(service, response)
    changed = definition != service.task_definition
    if network is not None and network != service.network_configuration:
        service.network_configuration, changed = network, True
    if balancers is not None and balancers != service.load_balancers:
        _check_target_groups(runtime, balancers)
        service.load_balancers, changed = balancers, True
    count = response._get_param("desiredCount")  # noqa: SLF001
    if count is not None:
        service.desired_count = int(count)
    if changed or response._get_param("forceNewDeployment"):  # noqa: SLF001
        deployments.begin(service, definition)
        deployments.say(service, f"has begun deployment {of_service(service).primary.id}.")
    of_service(service).steady = False
    views.describe(runtime.world, service)
    return {"service": service}


def delete_service(runtime: Runtime, response: Response) -> dict[str, Any]:
    """DeleteService: DRAINING until its tasks have stopped, then INACTIVE. API reference, DeleteService."""
    service = find(runtime, response)
    if service.desired_count > 0 and not response._get_param("force"):  # noqa: SLF001
        raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
    service.status = "DRAINING"
    for rollout in of_service(service).rollouts:
        if rollout.status in deployments.OPEN:
            deployments.close(rollout, "STOPPED", "The service was deleted.")
    views.describe(runtime.world, service)
    return {"service": service}


def find(runtime: Runtime, response: Response) -> Service:
    """Return the service that a request names; raises what ECS raises when it is not there or not ACTIVE."""
    name = str(response._get_param("service")).rsplit("/", maxsplit=1)[-1]  # noqa: SLF001
    service = backend(runtime.world).services.get(f"{_cluster(runtime, response).name}:{name}")
    if service is None:
        raise ServiceNotFoundException
    if service.status != "ACTIVE":
        raise EcsClientException(f"Service was not ACTIVE: {service.status}.")
    return service


def usable(runtime: Runtime, reference: str | None) -> TaskDefinition:
    """Return a task definition that may be deployed.

    Follows "Deregistering an Amazon ECS task definition revision": an INACTIVE one goes on running where it
    runs, and can't be asked for anew.
    """
    if not reference:
        raise InvalidParameterException("TaskDefinition can not be blank.")
    try:
        definition = backend(runtime.world).describe_task_definition(reference)
    except TaskDefinitionNotFoundException:
        raise EcsClientException("TaskDefinition not found.") from None
    if definition.status != "ACTIVE":
        raise EcsClientException("TaskDefinition is inactive")
    return definition


def _describe_task_definition(self: EC2ContainerServiceBackend, task_definition_str: str) -> TaskDefinition:
    """Find a revision; a family alone means its latest ACTIVE one. API reference, DescribeTaskDefinition."""
    family, _, number = task_definition_str.rsplit("/", maxsplit=1)[-1].partition(":")
    revisions = self.task_definitions.get(family, {})
    if not number:
        active = [key for key, item in revisions.items() if item.status == "ACTIVE"]
        number = str(max(active, default=""))
    if not number.isdigit() or int(number) not in revisions:
        raise TaskDefinitionNotFoundException
    return revisions[int(number)]


def _keep(service: Service, response: Response) -> None:
    for key in KEPT:
        value = response._get_param(key)  # noqa: SLF001
        if value is not None:
            vars(service)[xform_name(key)] = value


def _refuse_unknown(response: Response) -> None:
    """Refuse by name what would be ignored, so that nobody trusts it."""
    for key in _REFUSED:
        if response._get_param(key):  # noqa: SLF001
            raise InvalidParameterException(f"The sandbox does not have {key}; leave it out, or try it on AWS.")
    controller: dict[str, Any] = response._get_param("deploymentController") or {}  # noqa: SLF001
    configuration: dict[str, Any] = response._get_param("deploymentConfiguration") or {}  # noqa: SLF001
    kinds = {controller.get("type", "ECS"), configuration.get("strategy", "ROLLING")}
    if kinds - {"ECS", "ROLLING"}:
        raise InvalidParameterException(f"The sandbox deploys by rolling update only, not {sorted(kinds)}.")


def _check_target_groups(runtime: Runtime, balancers: list[dict[str, Any]]) -> None:
    """Follows the API reference, CreateService: a target group must exist and be behind a load balancer."""
    known = elbv2_backends[runtime.world.account][runtime.world.region].target_groups
    for item in balancers:
        arn = item.get("targetGroupArn")
        if arn not in known:
            raise InvalidParameterException(f"The target group {arn} does not exist.")
        if not known[arn].load_balancer_arns:
            raise InvalidParameterException(
                f"The target group with targetGroupArn {arn} does not have an associated load balancer."
            )


def _cluster(runtime: Runtime, response: Response) -> Cluster:
    return backend(runtime.world)._get_cluster(response._get_param("cluster", "default"))  # noqa: SLF001
