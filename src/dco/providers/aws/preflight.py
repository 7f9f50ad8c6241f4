"""Before a rollout: does everything exist that a task definition names?"""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from dco.model.errors import DcoError
from dco.model.finding import Finding, Mark
from dco.providers.aws import registry
from dco.providers.aws.errors import DENIED, asking, code
from dco.providers.aws.session import AwsSession

_APPLY = "apply the Terraform that makes it, or correct the task definition"
_MISSING = frozenset({"NoSuchEntity", "ResourceNotFoundException", "ParameterNotFound"})


class Preflight:
    """Looks at what a revision names; changes nothing and reads no secret's value."""

    def __init__(self, aws: AwsSession) -> None:
        self._aws = aws

    def look(self, definition: dict[str, Any], image: str) -> tuple[Finding, ...]:
        """Return a finding for the image and for each role, parameter, secret and log group, each once."""
        containers: list[dict[str, Any]] = definition["containerDefinitions"]
        found = [self._image(image), *self._roles(definition)]
        secrets = {secret["valueFrom"] for c in containers for secret in c.get("secrets", [])}
        found += [self._secret(name) for name in sorted(secrets)]
        found += self._log_groups(containers)
        return tuple(found)

    def _image(self, image: str) -> Finding:
        what = f"image {image}"
        if not registry.in_ecr(image):
            return Finding(Mark.SKIP, what, "it is not in ECR: nothing can be said about it")
        try:
            if registry.exists(self._aws, image):
                return Finding(Mark.OK, what)
        except DcoError as error:
            return Finding(Mark.SKIP, what, error.what, error.remedy)
        return Finding(Mark.NG, what, "the registry does not have it", "build and push it, then try again")

    def _roles(self, definition: dict[str, Any]) -> Iterator[Finding]:
        for key, kind in (("executionRoleArn", "execution role"), ("taskRoleArn", "task role")):
            if arn := definition.get(key):
                name = str(arn).rpartition("/")[2]
                yield self._exists(f"{kind} {name}", lambda name=name: self._aws.iam.get_role(RoleName=name))

    def _secret(self, name: str) -> Finding:
        if ":secretsmanager:" in name:
            # ARN:key:stage:version names a field of the secret's JSON; the ARN itself has seven parts
            arn = ":".join(name.split(":")[:7])
            return self._exists(
                f"secret {arn.rpartition(':')[2]}", lambda: self._aws.secretsmanager.describe_secret(SecretId=arn)
            )
        parameter = name.partition(":parameter")[2] or name
        if parameter.count("/") == 1:
            parameter = parameter.removeprefix("/")  # an ARN puts a slash before a plain name
        return self._exists(f"parameter {parameter}", lambda: self._aws.ssm.get_parameter(Name=parameter))

    def _log_groups(self, containers: list[dict[str, Any]]) -> Iterator[Finding]:
        groups: dict[str, bool] = {}
        for container in containers:
            driver = container.get("logConfiguration", {})
            options = driver.get("options", {})
            if driver.get("logDriver") == "awslogs":
                groups[options["awslogs-group"]] = options.get("awslogs-create-group") == "true"
        for name, created in sorted(groups.items()):
            if created:
                yield Finding(Mark.SKIP, f"log group {name}", "it is made when a task starts")
            else:
                yield self._exists(f"log group {name}", lambda name=name: self._log_group(name))

    def _log_group(self, name: str) -> bool:
        pages = self._aws.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        return any(group.get("logGroupName") == name for page in pages for group in page["logGroups"])

    def _exists(self, what: str, look: Callable[[], object]) -> Finding:
        """Look at one thing; False or AWS's word for "missing" is NG, what we may not look at is SKIP."""
        try:
            with asking(f"look for {what}"):
                try:
                    exists = look() is not False
                except ClientError as error:
                    if code(error) in DENIED:
                        return Finding(Mark.SKIP, what, f"we may not look: {error.operation_name} is denied")
                    if code(error) not in _MISSING:
                        raise
                    exists = False
        except DcoError as error:
            return Finding(Mark.SKIP, what, error.what, error.remedy)
        return Finding(Mark.OK, what) if exists else Finding(Mark.NG, what, "it does not exist", _APPLY)
