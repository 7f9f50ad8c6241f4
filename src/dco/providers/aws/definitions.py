"""Task definition revisions in ECS: reading, registering one like another, taking one out of use."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from dco.model.errors import ConfigurationError
from dco.providers.aws.errors import asking, code, doing, doubtful
from dco.providers.aws.registry import repository_of
from dco.providers.aws.session import AwsSession

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import DescribeTaskDefinitionResponseTypeDef

TOKEN_TAG = "dco:token"  # noqa: S105 - the name of a tag
READ_ONLY = frozenset({
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt",
    "deregisteredAt", "deleteRequestedAt", "registeredBy",
})  # fmt: skip
REFUSED = frozenset({"ClientException", "InvalidParameterException"})
NEWEST = 20
"""So many of a family's newest revisions are searched for a token; a night's own is among the first."""


def once(attempts: int, look: Callable[[], str | None], do: Callable[[], str]) -> str:
    """Return what `look` finds, else what `do` makes; when in doubt whether `do` had its effect, look again."""
    for attempt in range(attempts):
        if (existing := look()) is not None:
            return existing
        try:
            return do()
        except (ClientError, BotoCoreError) as error:
            if attempt == attempts - 1 or not doubtful(error):
                raise
            time.sleep(min(0.2 * 2**attempt, 5))
    raise AssertionError("unreachable: the last attempt returned or raised")


class Definitions:
    """Revisions of task definitions; the first part of `dco.seams.services.Services`."""

    def __init__(self, aws: AwsSession) -> None:
        self._aws = aws
        self._known: dict[str, dict[str, Any]] = {}
        """Revisions never change: each is read once."""

    def newest(self, family: str) -> str:
        """Return the ARN of the newest active revision of a family."""
        with asking(f"read task definition {family}"):
            return self._describe(family)["taskDefinition"].get("taskDefinitionArn", "")

    def image_of(self, revision: str, container: str | None = None) -> str:
        """Return the image that a revision names for a container (or its only one)."""
        containers = self._containers(revision)
        named = [c for c in containers if container in {None, c["name"]}]
        if len(named) != 1:
            names = ", ".join(c["name"] for c in containers)
            raise ConfigurationError(
                f"{short(revision)} has the containers {names}, wanted is {container or 'a single one'}",
                "correct container of the service in dco.toml",
            )
        return str(named[0]["image"])

    def definition(self, revision: str) -> dict[str, object]:
        """Return what a revision says, as `register` takes it: without ARN, number, status and times."""
        return {key: value for key, value in self._read(revision).items() if key not in READ_ONLY}

    def register(self, base: str, image: str, token: str) -> str:
        """Return a revision like `base` with another image; the one already registered under `token`, if any."""
        return self._register(base, self._with_image(base, image), token)

    def standing(self, revision: str, token: str) -> str:
        """Return the revision while it is active, else one that says the same, registered once under `token`."""
        with asking(f"read task definition {short(revision)}"):
            status = self._describe(revision)["taskDefinition"].get("status")
        return revision if status == "ACTIVE" else self._register(revision, self._containers(revision), token)

    def _register(self, base: str, containers: list[dict[str, Any]], token: str) -> str:
        wanted = self.definition(base)
        wanted["containerDefinitions"] = containers
        with asking(f"read the tags of {short(base)}"):
            tags = [tag for tag in self._describe(base, tags=True).get("tags", []) if tag.get("key") != TOKEN_TAG]
        wanted["tags"] = [*tags, {"key": TOKEN_TAG, "value": token}]
        family = str(wanted["family"])

        def do() -> str:
            # without boto's own retries: a lost answer would register a second revision
            answer = self._aws.ecs_once.register_task_definition(**cast("Any", wanted))
            return answer["taskDefinition"].get("taskDefinitionArn", "")

        with doing(f"register task definition {family}"):
            return once(self._aws.attempts, lambda: self._registered(family, token), do)

    def registered(self, family: str, token: str) -> str | None:
        """Return the ARN of the revision of a family that was registered under a token, if any is active."""
        with asking(f"look for a revision of {family}"):
            return self._registered(family, token)

    def deregister(self, revision: str) -> None:
        """Take a revision out of use; one that is gone already is fine."""
        with doing(f"deregister {short(revision)}"):
            try:
                self._aws.ecs.deregister_task_definition(taskDefinition=revision)
            except ClientError as error:
                if code(error) not in REFUSED:
                    raise

    def _registered(self, family: str, token: str) -> str | None:
        for revision in self._newest_first(family):
            tags = self._describe(revision, tags=True).get("tags", [])
            if {"key": TOKEN_TAG, "value": token} in tags:
                return revision
        return None

    def _newest_first(self, family: str) -> Iterator[str]:
        answer = self._aws.ecs.list_task_definitions(
            familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=NEWEST
        )
        for revision in answer["taskDefinitionArns"]:
            if family_of(revision) == family:
                yield revision

    def _with_image(self, base: str, image: str) -> list[dict[str, Any]]:
        repository, containers = repository_of(image), self._containers(base)
        if not any(repository_of(c["image"]) == repository for c in containers):
            images = ", ".join(c["image"] for c in containers)
            raise ConfigurationError(
                f"no container of {short(base)} runs an image of {repository}: it runs {images}",
                "correct repository of the application in dco.toml, or deploy its first image by Terraform",
            )
        return [{**c, "image": image} if repository_of(c["image"]) == repository else c for c in containers]

    def _containers(self, revision: str) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self._read(revision)["containerDefinitions"])

    def _read(self, revision: str) -> dict[str, Any]:
        if revision not in self._known:
            with asking(f"read task definition {short(revision)}"):
                self._known[revision] = cast("dict[str, Any]", self._describe(revision)["taskDefinition"])
        return self._known[revision]

    def _describe(self, revision: str, *, tags: bool = False) -> "DescribeTaskDefinitionResponseTypeDef":
        try:
            return self._aws.ecs.describe_task_definition(taskDefinition=revision, include=["TAGS"] if tags else [])
        except ClientError as error:
            if code(error) not in REFUSED:
                raise
            raise ConfigurationError(
                f"ECS has no task definition {short(revision)}", "correct family in dco.toml, or apply Terraform first"
            ) from error


def short(arn: str) -> str:
    """Return the last part of an ARN: what people call the thing."""
    return arn.rpartition("/")[2]


def family_of(revision: str) -> str:
    """Return the family of a revision's ARN or of `FAMILY:NUMBER`."""
    return short(revision).partition(":")[0]
