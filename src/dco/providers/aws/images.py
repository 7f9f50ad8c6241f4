"""Building images: found where CI left them, by a command, or by CodeBuild."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dco.model.environment import Application, CodeBuildBuilder, CommandBuilder, GivenBuilder
from dco.model.errors import ConfigurationError, StepFailed
from dco.providers.aws import registry
from dco.providers.aws.errors import asking, doing
from dco.providers.aws.session import AwsSession, short_token
from dco.seams.parameters import Parameters

if TYPE_CHECKING:
    from types_boto3_codebuild.type_defs import BuildTypeDef

LINES = 20
"""So many last lines of a build's output are told."""
POLL_SECONDS = 2.0
NEWEST = 20
"""So many of a project's newest builds are searched for a token."""
_TAIL = 64_000


class AwsImages:
    """Implements `dco.seams.images.Images`: builders, and ECR as the registry."""

    def __init__(self, aws: AwsSession, parameters: Parameters, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._aws = aws
        self._parameters = parameters
        self._poll_seconds = poll_seconds

    def build(self, application: Application, root: Path, revision: str, token: str) -> str:
        """Build from an export and push; return `REPOSITORY@sha256:…`, which the registry has."""
        builder = application.builder
        if isinstance(builder, GivenBuilder):
            image = self._given(application, builder, revision)
        elif isinstance(builder, CommandBuilder):
            image = self._command(application, builder, root, revision)
        else:
            image = self._codebuild(application, builder, revision, token)
        if registry.repository_of(image) != application.repository or registry.digest_of(image) is None:
            raise StepFailed(
                f"the build named {image!r}, which is no digest in {application.repository}",
                "the last line it prints must be REPOSITORY@sha256:… with the repository of the application",
            )
        if not registry.exists(self._aws, image):
            raise StepFailed(f"the build named {image}, which the registry does not have", "look at the build's push")
        return image

    def exists(self, image: str) -> bool:
        """Tell whether the registry has an image, named by digest."""
        return registry.exists(self._aws, image)

    def _given(self, application: Application, builder: GivenBuilder, revision: str) -> str:
        name = builder.parameter.replace("{revision}", revision)
        value = self._parameters.get(name)
        if not value:
            raise StepFailed(
                f"parameter {name} names no image for revision {revision[:12]}",
                "let CI build that revision and write REPOSITORY@sha256:… there, then run the night again",
            )
        return f"{application.repository}@{value}" if value.startswith("sha256:") else value

    def _command(self, application: Application, builder: CommandBuilder, root: Path, revision: str) -> str:
        facts = {
            "repository": application.repository,
            "revision": revision,
            "dockerfile": application.dockerfile,
            "target": application.target or "",
        }
        command = [_filled(argument, facts) for argument in builder.command]
        environment = {**os.environ, **self._aws.environment()}
        output = run_build(command, root / application.context, environment, builder.time_limit_seconds)
        return output[-1] if output else ""

    def _codebuild(self, application: Application, builder: CodeBuildBuilder, revision: str, token: str) -> str:
        deadline = time.monotonic() + builder.time_limit_seconds
        build = self._begun(builder, token) or self._begin(application, builder, revision, token)
        while build.get("buildStatus", "IN_PROGRESS") == "IN_PROGRESS":
            if time.monotonic() > deadline:
                with doing(f"stop build {build.get('id', '')}"):
                    self._aws.codebuild.stop_build(id=build.get("id", ""))
                raise StepFailed(
                    f"build {build.get('id', '')} did not end in {builder.time_limit_seconds:.0f} s and was stopped",
                    "raise time_limit_seconds of the builder, or make the build faster",
                )
            time.sleep(self._poll_seconds)
            with asking(f"read build {build.get('id', '')}"):
                build = self._aws.codebuild.batch_get_builds(ids=[build.get("id", "")])["builds"][0]
        return f"{application.repository}@{self._digest(build)}"

    def _begun(self, builder: CodeBuildBuilder, token: str) -> "BuildTypeDef | None":
        # CodeBuild's own idempotency token is forgotten after five minutes
        with asking(f"list the builds of {builder.project}"):
            codebuild = self._aws.codebuild
            try:
                ids = codebuild.list_builds_for_project(projectName=builder.project, sortOrder="DESCENDING")["ids"]
            except codebuild.exceptions.ResourceNotFoundException as error:
                raise ConfigurationError(
                    f"there is no CodeBuild project {builder.project}", "correct project of the builder in dco.toml"
                ) from error
            builds = codebuild.batch_get_builds(ids=ids[:NEWEST])["builds"] if ids else []
        for build in builds:
            variables = build.get("environment", {}).get("environmentVariables", [])
            if {"DCO_TOKEN": short_token(token)}.items() <= {v["name"]: v["value"] for v in variables}.items():
                return build
        return None

    def _begin(self, application: Application, builder: CodeBuildBuilder, revision: str, token: str) -> "BuildTypeDef":
        variables = {
            "DCO_TOKEN": short_token(token),
            "IMAGE_REPOSITORY": application.repository,
            "DOCKERFILE": application.dockerfile,
            "TARGET": application.target or "",
        }
        with doing(f"start a build of {builder.project}"):
            answer = self._aws.codebuild.start_build(
                projectName=builder.project,
                sourceVersion=revision,
                idempotencyToken=short_token(token),
                environmentVariablesOverride=[
                    {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()
                ],
            )
        return answer["build"]

    def _digest(self, build: "BuildTypeDef") -> str:
        exported = {v.get("name", ""): v.get("value", "") for v in build.get("exportedEnvironmentVariables", [])}
        if build.get("buildStatus") != "SUCCEEDED":
            words = "\n".join(f"    {line}" for line in self._log(build))
            raise StepFailed(
                f"build {build.get('id', '')} ended with {build.get('buildStatus')}\n{words}".rstrip(),
                f"its log: {build.get('logs', {}).get('deepLink', 'in CodeBuild')}",
            )
        if "IMAGE_DIGEST" not in exported:
            raise ConfigurationError(
                f"build {build.get('id', '')} does not export IMAGE_DIGEST",
                "name IMAGE_DIGEST under env, exported-variables in its buildspec",
            )
        return exported["IMAGE_DIGEST"]

    def _log(self, build: "BuildTypeDef") -> list[str]:
        logs = build.get("logs", {})
        group, stream = logs.get("groupName"), logs.get("streamName")
        if not group or not stream:
            return []
        with asking(f"read the log of build {build.get('id', '')}"):
            events = self._aws.logs.get_log_events(logGroupName=group, logStreamName=stream, limit=LINES)["events"]
        return [event.get("message", "").rstrip() for event in events]


def run_build(command: list[str], directory: Path, environment: Mapping[str, str], seconds: float) -> list[str]:
    """Run a build command; return the lines it printed that are not empty.

    Raises `StepFailed` with its last lines when it fails or takes too long; it and all it started are ended then.
    """
    # files instead of pipes: something that the build left running would keep a pipe open
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complained:
        try:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=complained,
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigurationError(
                f"the build command {command[0]} can't be started: {error}",
                "correct command of the builder in dco.toml",
            ) from error
        try:
            exit_code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            words = _told(printed, complained)
            raise StepFailed(
                f"the build did not end in {seconds:.0f} s and was stopped\n{words}".rstrip(),
                "raise time_limit_seconds of the builder, or make the build faster",
            ) from None
        finally:
            _end(process)
        if exit_code != 0:
            words = _told(printed, complained)
            raise StepFailed(f"the build ended with {exit_code}\n{words}".rstrip(), "see its last lines above")
        return _lines(printed)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of a process group, also when we are interrupted."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _lines(file: IO[bytes]) -> list[str]:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _TAIL, 0))
    return [line.rstrip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]


def _told(printed: IO[bytes], complained: IO[bytes]) -> str:
    return "\n".join(f"    {line}" for line in [*_lines(printed)[-LINES:], *_lines(complained)[-LINES:]])


def _filled(argument: str, facts: Mapping[str, str]) -> str:
    for name, value in facts.items():
        argument = argument.replace(f"{{{name}}}", value)
    return argument
