"""Single tasks in ECS: starting one exactly once, how it ended, what it wrote."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import ClientError

from dco.model.errors import ConfigurationError, StepFailed, Unreadable
from dco.providers.aws.definitions import Definitions, family_of, once, short
from dco.providers.aws.errors import asking, code, doing
from dco.providers.aws.session import short_token
from dco.seams.services import TaskState

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ServiceTypeDef, TaskTypeDef

LINES = 20
CHUNK = 100
"""So many tasks fit into one question."""
NOT_YET = (0.2, 0.5, 1.0, 2.0)
"""ECS may not know a task yet that it has just started: wait so long between the questions."""
_ABSENT = frozenset({"ClusterNotFoundException", "ServiceNotFoundException"})


class Tasks(Definitions):
    """Tasks; the second part of `dco.seams.services.Services`."""

    def start_task(self, cluster: str, family: str, network_of: str, command: list[str] | None, token: str) -> str:
        """Start one task; return its ARN. While ECS remembers the first, the same token never starts a second."""
        started_by = short_token(token)
        with asking(f"look for a task of {family}"):
            service = self._service(cluster, network_of)
        request = self._request(cluster, family, service, command)

        def look() -> str | None:
            mine = [task for task in self._of_family(cluster, family) if task.get("startedBy") == started_by]
            return mine[0].get("taskArn") if mine else None

        def do() -> str:
            # without boto's own retries: not every answer that is lost lost its effect
            answer = self._aws.ecs_once.run_task(**request, startedBy=started_by, clientToken=started_by)
            if not answer["tasks"]:
                reasons = "; ".join(f"{f.get('reason', '')} {f.get('detail', '')}".strip() for f in answer["failures"])
                raise StepFailed(f"ECS did not start a task of {family}: {reasons}", "see the reason; then try again")
            return answer["tasks"][0].get("taskArn", "")

        with doing(f"start a task of {family}"):
            return once(self._aws.attempts, look, do)

    def task(self, cluster: str, arn: str) -> TaskState:
        """Read a task's state. The exit code is the one of the first essential container."""
        with asking(f"read task {short(arn)}"):
            task = self._known_task(cluster, arn)
            if task.get("lastStatus") != "STOPPED":
                return TaskState(arn=arn, running=True)
            revision = task.get("taskDefinitionArn", "")
            return TaskState(
                arn=arn,
                running=False,
                exit_code=exit_code(task, self._main(revision)["name"]),
                reason=reason(task),
                log=self._log(task),
            )

    def running_tasks(self, cluster: str, family: str) -> tuple[str, ...]:
        """Return the ARNs of the family's tasks that run, are about to, or are not yet ended."""
        with asking(f"list the tasks of {family}"):
            tasks = self._of_family(cluster, family)
            return tuple(sorted(t.get("taskArn", "") for t in tasks if t.get("lastStatus") != "STOPPED"))

    def failed_log(self, cluster: str, service: str, revision: str) -> tuple[str, ...]:
        """Return the stop reason and the last log lines of the newest task of a revision that stopped, if any.

        Tasks that ECS stopped only because others took their place come last.
        """
        with asking(f"read the stopped tasks of {service}"):
            arns = self._list(cluster, "STOPPED", family=family_of(revision))
            stopped = [
                task
                for task in self._described(cluster, arns)
                if task.get("taskDefinitionArn") == revision
                and task.get("group") == f"service:{service}"
                and task.get("lastStatus") == "STOPPED"
            ]
            if not stopped:
                return ()
            told = max(stopped, key=lambda task: (not _made_way(task), str(task.get("stoppedAt", ""))))
            return (reason(told), *self._log(told))

    def _request(
        self, cluster: str, family: str, service: "ServiceTypeDef", command: list[str] | None
    ) -> "dict[str, Any]":
        request: dict[str, Any] = {"cluster": cluster, "taskDefinition": family, "count": 1}
        for key in ("networkConfiguration", "launchType", "platformVersion"):
            if value := service.get(key):
                request[key] = value
        if service.get("capacityProviderStrategy"):
            request["capacityProviderStrategy"] = service.get("capacityProviderStrategy")
            request.pop("launchType", None)
        if command is not None:
            container = self._main(self.newest(family))["name"]
            request["overrides"] = {"containerOverrides": [{"name": container, "command": command}]}
        return request

    def _service(self, cluster: str, service: str) -> "ServiceTypeDef":
        try:
            answer = self._aws.ecs.describe_services(cluster=cluster, services=[service])
        except ClientError as error:
            if code(error) not in _ABSENT:
                raise
            raise ConfigurationError(f"ECS has no cluster {cluster}", "correct cluster in dco.toml") from error
        living = [found for found in answer["services"] if found.get("status") != "INACTIVE"]
        if not living:
            raise ConfigurationError(
                f"cluster {cluster} has no service {service}", "correct it in dco.toml, or apply Terraform first"
            )
        return living[0]

    def _of_family(self, cluster: str, family: str) -> list["TaskTypeDef"]:
        """Return all tasks of a family that ECS remembers, also those that are being stopped."""
        states: tuple[Literal["RUNNING", "STOPPED"], ...] = ("RUNNING", "STOPPED")
        arns = {arn for state in states for arn in self._list(cluster, state, family=family)}
        tasks = self._described(cluster, sorted(arns))
        return [task for task in tasks if family_of(task.get("taskDefinitionArn", "")) == family]

    def _list(self, cluster: str, state: Literal["RUNNING", "STOPPED"], **of: str) -> list[str]:
        pages = self._aws.ecs.get_paginator("list_tasks").paginate(
            cluster=cluster, desiredStatus=state, **cast("Any", of)
        )
        return [arn for page in pages for arn in page["taskArns"]]

    def _described(self, cluster: str, arns: list[str]) -> Iterator["TaskTypeDef"]:
        for begin in range(0, len(arns), CHUNK):
            yield from self._aws.ecs.describe_tasks(cluster=cluster, tasks=arns[begin : begin + CHUNK])["tasks"]

    def _known_task(self, cluster: str, arn: str) -> "TaskTypeDef":
        for wait in (*NOT_YET, None):
            for task in self._described(cluster, [arn]):
                return task
            if wait is not None:
                time.sleep(wait)
        raise Unreadable(
            f"ECS does not know task {short(arn)} (any more)",
            "ECS forgets a task an hour after its end: look into its log group for how it ended",
        )

    def _main(self, revision: str) -> dict[str, Any]:
        """Return the first essential container, the one whose end is the task's."""
        containers = self._containers(revision)
        return next((c for c in containers if c.get("essential", True)), containers[0])

    def _log(self, task: "TaskTypeDef") -> tuple[str, ...]:
        main = self._main(task.get("taskDefinitionArn", ""))
        driver = main.get("logConfiguration", {})
        options = driver.get("options", {})
        if driver.get("logDriver") != "awslogs" or "awslogs-stream-prefix" not in options:
            return ()
        stream = f"{options['awslogs-stream-prefix']}/{main['name']}/{short(task.get('taskArn', ''))}"
        try:
            answer = self._aws.logs.get_log_events(
                logGroupName=options["awslogs-group"], logStreamName=stream, limit=LINES, startFromHead=False
            )
        except self._aws.logs.exceptions.ResourceNotFoundException:
            return ()
        except ClientError as error:
            # the log helps a person; without the right to read it the task's end is still told
            return (f"(the log could not be read: {code(error)})",)
        return tuple(event.get("message", "").rstrip() for event in answer["events"])


def exit_code(task: "TaskTypeDef", container: str) -> int | None:
    """Return a container's exit code; None when it never ran."""
    return next((c.get("exitCode") for c in task.get("containers", []) if c.get("name") == container), None)


def reason(task: "TaskTypeDef") -> str:
    """Return why a task stopped, in ECS's words: the task's and its containers'."""
    words = [task.get("stoppedReason", ""), *(c.get("reason", "") for c in task.get("containers", []))]
    codes = [f"{c.get('name')} ended with {c.get('exitCode')}" for c in task.get("containers", []) if c.get("exitCode")]
    return "; ".join(dict.fromkeys(word for word in [*words, *codes] if word))


def _made_way(task: "TaskTypeDef") -> bool:
    return task.get("stoppedReason", "").startswith("Scaling activity")
