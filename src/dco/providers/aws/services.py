"""Container services in ECS: what a service is doing, and rolling it."""

from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from dco.model.errors import ConfigurationError, StepFailed
from dco.model.finding import Finding
from dco.providers.aws.definitions import REFUSED, short
from dco.providers.aws.errors import asking, code, doing, message
from dco.providers.aws.preflight import Preflight
from dco.providers.aws.tasks import Tasks
from dco.seams.services import Rollout

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import DeploymentTypeDef, ServiceTypeDef

_STATES = {"IN_PROGRESS": "in-progress", "COMPLETED": "completed", "FAILED": "failed"}
_SERVES = frozenset({"RUNNING", "DEACTIVATING"})
EVENTS = 10


class EcsServices(Tasks):
    """Implements `dco.seams.services.Services`."""

    def rollout(self, cluster: str, service: str, container: str | None = None) -> Rollout:
        """Read what the service is doing. Raises `ConfigurationError` when there is no such service."""
        with asking(f"read service {service}"):
            found = self._service(cluster, service)
            images = self._images(cluster, service, container)
        primary = _primary(found)
        state = _STATES.get(primary.get("rolloutState", ""), "in-progress")
        wanted, running = found.get("desiredCount", 0), found.get("runningCount", 0)
        settled = (
            len(found.get("deployments", [])) == 1
            and state == "completed"
            and running == wanted
            and found.get("pendingCount", 0) == 0
        )
        return Rollout(
            revision=primary.get("taskDefinition", ""),
            state=state,
            settled=settled,
            wanted=wanted,
            running=running,
            failed_tasks=primary.get("failedTasks", 0),
            images=images,
            events=tuple(event.get("message", "") for event in found.get("events", [])[:EVENTS]),
        )

    def preflight(self, revision: str, image: str) -> tuple[Finding, ...]:
        """Look whether everything that a revision names exists: image, roles, parameters, secrets, log groups."""
        return Preflight(self._aws).look(self._read(revision), image)

    def roll(self, cluster: str, service: str, revision: str, *, singleton: bool) -> None:
        """Begin to replace a service's tasks by a revision; nothing when that is its primary deployment already."""
        with asking(f"read service {service}"):
            found = self._service(cluster, service)
        if _primary(found).get("taskDefinition") == revision:
            return
        request: dict[str, Any] = {"cluster": cluster, "service": service, "taskDefinition": revision}
        if singleton:
            # what is left out of the deployment configuration would be reset, the circuit breaker with it
            kept = found.get("deploymentConfiguration", {})
            request["deploymentConfiguration"] = {**kept, "minimumHealthyPercent": 0, "maximumPercent": 100}
        with doing(f"roll service {service} to {short(revision)}"):
            try:
                self._aws.ecs.update_service(**request)
            except ClientError as error:
                if code(error) not in REFUSED:
                    raise
                raise StepFailed(
                    f"ECS does not roll service {service} to {short(revision)}: {message(error)}",
                    "if the revision was deregistered, register one like it and roll to that",
                ) from error

    def stop_rollout(self, cluster: str, service: str) -> None:
        """Stop a rollout in progress and let the platform roll it back; nothing when none is in progress."""
        with doing(f"stop the rollout of {service}"):
            under_way = self._aws.ecs.list_service_deployments(
                cluster=cluster, service=service, status=["PENDING", "IN_PROGRESS"]
            )
            for deployment in under_way["serviceDeployments"]:
                self._stop(deployment.get("serviceDeploymentArn", ""))

    def _stop(self, deployment: str) -> None:
        try:
            self._aws.ecs.stop_service_deployment(serviceDeploymentArn=deployment, stopType="ROLLBACK")
        except ClientError:
            # it may have ended, or a lost answer may have stopped it, between the list and now: look what is true
            answer = self._aws.ecs.describe_service_deployments(serviceDeploymentArns=[deployment])
            if any(d.get("status") in {"PENDING", "IN_PROGRESS"} for d in answer["serviceDeployments"]):
                raise

    def _images(self, cluster: str, service: str, container: str | None) -> tuple[str, ...]:
        arns = self._list(cluster, "RUNNING", serviceName=service)
        serving = [task for task in self._described(cluster, arns) if task.get("lastStatus") in _SERVES]
        containers = [c for task in serving for c in task.get("containers", []) if container in {None, c.get("name")}]
        return tuple(sorted({digest for c in containers if (digest := c.get("imageDigest"))}))


def _primary(service: "ServiceTypeDef") -> "DeploymentTypeDef":
    for deployment in service.get("deployments", []):
        if deployment.get("status") == "PRIMARY":
            return deployment
    controller = cast("str", service.get("deploymentController", {}).get("type", "unknown"))
    raise ConfigurationError(
        f"service {service.get('serviceName', '')} has no primary deployment (its controller is {controller})",
        "dco rolls services of the ECS deployment controller only",
    )
