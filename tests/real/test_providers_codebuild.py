"""CodeBuild and ECR as a server of our own plays them: one build a token, its digest, its end."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dco.model.environment import Application, Aws, CodeBuildBuilder
from dco.model.errors import ConfigurationError, StepFailed
from dco.providers.aws.images import AwsImages
from dco.providers.aws.parameters import AwsParameters
from dco.providers.aws.session import AwsSession

REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app"
DIGEST = "sha256:" + "a" * 64


@dataclass
class Builds:
    """What the service remembers; a build stays in progress for `polls` questions, then ends as `ends`."""

    builds: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    ends: dict[str, Any] = field(default_factory=dict[str, Any])
    polls: int = 1
    stopped: list[str] = field(default_factory=list[str])

    def answer(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        if action == "ListBuildsForProject":
            return {"ids": list(reversed(self.builds))}
        if action == "StartBuild":
            made = {
                "id": f"b:{len(self.builds)}",
                "buildStatus": "IN_PROGRESS",
                "sourceVersion": asked["sourceVersion"],
            }
            self.builds[made["id"]] = {
                **made,
                "environment": {"environmentVariables": asked["environmentVariablesOverride"]},
            }
            return {"build": self.builds[made["id"]]}
        if action == "BatchGetBuilds":
            self.polls -= 1
            for build in self.builds.values():
                build.update(self.ends if self.polls < 0 else {})
            return {"builds": [self.builds[name] for name in asked["ids"]]}
        if action == "StopBuild":
            self.stopped.append(asked["id"])
        return {}


@pytest.fixture
def service() -> Iterator[tuple[Builds, str]]:
    made = Builds(ends={
        "buildStatus": "SUCCEEDED",
        "exportedEnvironmentVariables": [{"name": "IMAGE_DIGEST", "value": DIGEST}],
    })  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(made.answer(self.headers["X-Amz-Target"].rpartition(".")[2], asked)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.9.1.24", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield made, f"http://127.9.1.24:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def images(service: tuple[Builds, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsImages:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    monkeypatch.setenv("AWS_ENDPOINT_URL", service[1])
    aws = AwsSession(Aws(region="eu-central-1"), tmp_path)
    return AwsImages(aws, AwsParameters(aws), poll_seconds=0.01)


def build(images: AwsImages, root: Path, token: str, seconds: float = 60) -> str:
    builder = CodeBuildBuilder(project="p", time_limit_seconds=seconds)
    return images.build(Application(repository=REPOSITORY, image_parameter="/i", builder=builder), root, "abc", token)


def test_one_build_a_token(service: tuple[Builds, str], images: AwsImages, tmp_path: Path) -> None:
    assert build(images, tmp_path, "night/1") == f"{REPOSITORY}@{DIGEST}"
    assert build(images, tmp_path, "night/1") == f"{REPOSITORY}@{DIGEST}"
    assert len(service[0].builds) == 1
    assert service[0].builds["b:0"]["sourceVersion"] == "abc"
    build(images, tmp_path, "night/2")
    assert len(service[0].builds) == 2


def test_a_build_that_fails_is_told(service: tuple[Builds, str], images: AwsImages, tmp_path: Path) -> None:
    service[0].ends = {"buildStatus": "FAILED"}
    with pytest.raises(StepFailed, match="b:0 ended with FAILED"):
        build(images, tmp_path, "t")


def test_a_build_without_a_digest_is_a_matter_of_configuration(
    service: tuple[Builds, str], images: AwsImages, tmp_path: Path
) -> None:
    service[0].ends = {"buildStatus": "SUCCEEDED"}
    with pytest.raises(ConfigurationError, match="does not export IMAGE_DIGEST"):
        build(images, tmp_path, "t")


def test_a_build_that_takes_too_long_is_stopped(service: tuple[Builds, str], images: AwsImages, tmp_path: Path) -> None:
    service[0].polls = 10**6
    with pytest.raises(StepFailed, match="was stopped"):
        build(images, tmp_path, "t", 0.1)
    assert service[0].stopped == ["b:0"]
