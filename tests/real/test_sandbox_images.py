"""Images are built, pushed and run without a container engine."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dco_sandbox.images.build import build
from dco_sandbox.images.errors import BuildError, ImageNotFoundError
from dco_sandbox.images.layer import ImageLayer
from dco_sandbox.images.registry import push, reference
from dco_sandbox.images.store import Image, open_image, process
from dco_sandbox.processes import Processes
from dco_sandbox.runtime import Runtime
from dco_sandbox.world import World

DOCKERFILE = """
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock .
RUN pip install --no-cache-dir --no-deps \\
    --target /install -r requirements.lock

FROM python:3.11-slim
ARG GREETING=hello
ENV PYTHONPATH=/app/lib:/app GREETING=${GREETING}
WORKDIR /app
COPY --from=build /install lib/
COPY app app
COPY *.txt notes/
USER 1000
EXPOSE 8080
CMD ["python", "-m", "app"]
"""
APP = "import os, sys, cronsim\nprint(os.environ['GREETING'], cronsim.__name__, *sys.argv[1:])\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world", 249)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    (root / "app").mkdir(parents=True)
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "requirements.lock").write_text("cronsim==2.7\n")
    (root / ".dockerignore").write_text("**/*.md\nDockerfile\n")
    (root / "app" / "__main__.py").write_text(APP)
    (root / "a.txt").write_text("a")
    (root / "b.txt").write_text("b")
    return root


def built(world: World, context: Path) -> Image:
    return build(world, context, context / "Dockerfile")


def run(image: Image, command: list[str] | None = None, **environment: str) -> str:
    argv, env, cwd = process(image, command, environment)
    return subprocess.run(argv, env=env, cwd=cwd, check=True, capture_output=True, text=True).stdout


def test_an_image_runs_from_its_own_files_only(world: World, context: Path) -> None:
    image = built(world, context)
    assert run(image) == "hello cronsim\n"
    assert run(image, ["python", "-m", "app", "x"], GREETING="bye") == "bye cronsim x\n"
    assert run(image, ["python3", "-c", "import os; print(sorted(os.listdir('notes')))"]) == "['a.txt', 'b.txt']\n"
    absent = "import importlib.util as u; print(u.find_spec('boto3'))"
    assert run(image, ["python", "-c", absent]) == "None\n"


def test_equal_content_gives_an_equal_digest_and_a_rebuild_is_quick(world: World, context: Path) -> None:
    began = time.monotonic()
    first = built(world, context)
    whole = time.monotonic() - began
    (context / "NOTES.md").write_text("left out")
    (context / "app" / "deep.md").write_text("left out too")
    os.utime(context / "a.txt", (1, 1))
    other = World(world.directory.with_name("other"), 248)
    assert built(world, context).digest == first.digest
    assert built(other, context).digest == first.digest
    (context / "app" / "__main__.py").write_text(APP + "# edited\n")
    began = time.monotonic()
    edited = built(world, context)
    assert time.monotonic() - began < max(1, whole)
    assert edited.digest != first.digest
    assert run(edited) == run(first)


def test_what_decides_the_digest(world: World, context: Path) -> None:
    file = context / "Dockerfile"
    digests = [built(world, context).digest]
    file.write_text(DOCKERFILE.replace("EXPOSE 8080", "EXPOSE 8081"))
    digests.append(built(world, context).digest)
    digests.append(build(world, context, file, arguments={"GREETING": "servus"}).digest)
    digests.append(build(world, context, file, target="build").digest)
    (context / "app" / "__main__.py").chmod(0o755)
    digests.append(built(world, context).digest)
    assert len(set(digests)) == 5


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("EXPOSE 8080", "ONBUILD RUN x", r"Dockerfile:16: the sandbox doesn't build ONBUILD"),
        ("EXPOSE 8080", "RUN apt-get update", r"Dockerfile:16: RUN: the sandbox runs nothing but"),
        ("EXPOSE 8080", "RUN pip install -r x --target y && rm x", r"Dockerfile:16: RUN: .* nothing but"),
        ("EXPOSE 8080", "COPY --link a.txt /", r"Dockerfile:16: COPY --link"),
        ("EXPOSE 8080", "COPY nothing.txt /", r"Dockerfile:16: COPY: nothing.txt is not there"),
        ("EXPOSE 8080", "COPY a.txt b.txt /x", r"Dockerfile:16: COPY of several sources"),
        ("FROM python:3.11-slim\n", "FROM alpine\n", r"Dockerfile:8: FROM alpine: the sandbox builds from"),
        ("--from=build", "--from=nobody", r"Dockerfile:12: COPY --from=nobody: no earlier stage"),
        ("--no-deps", "--pre", r"Dockerfile:5: RUN pip install: the sandbox doesn't know --pre"),
    ],
)
def test_refusals_name_file_line_and_instruction(world: World, context: Path, old: str, new: str, said: str) -> None:
    (context / "Dockerfile").write_text(DOCKERFILE.replace(old, new))
    with pytest.raises(BuildError, match=said):
        built(world, context)


@pytest.fixture
def ecr_world(world: World) -> Iterator[tuple[World, str]]:
    runtime = Runtime(world, threading.RLock(), Processes(world.sandbox / "processes", world.sandbox / "logs"))
    ImageLayer().install(runtime)
    server = ThreadedMotoServer(ip_address=world.address(0, 1), port=4566, verbose=False)
    server.start()
    yield world, world.endpoint
    server.stop()


def test_ecr_has_the_digest_of_the_pushed_bytes(ecr_world: tuple[World, str], context: Path) -> None:
    world, endpoint = ecr_world
    ecr = boto3.client(
        "ecr", endpoint_url=endpoint, region_name=world.region, aws_access_key_id="x", aws_secret_access_key="x"
    )
    ecr.create_repository(repositoryName="credcoin")
    first = built(world, context)
    assert push(world, ecr, "credcoin", "v1", first) == first.digest
    assert push(world, ecr, "credcoin", "v1", first) == first.digest
    (context / "a.txt").write_text("changed")
    second = built(world, context)
    push(world, ecr, "credcoin", "v1", second)

    details = {
        image.get("imageDigest"): image for image in ecr.describe_images(repositoryName="credcoin")["imageDetails"]
    }
    assert set(details) == {first.digest, second.digest}
    assert details[second.digest].get("imageTags") == ["v1"]
    got = ecr.batch_get_image(repositoryName="credcoin", imageIds=[{"imageTag": "v1"}])["images"][0]
    pushed = got.get("imageManifest", "")
    assert "sha256:" + hashlib.sha256(pushed.encode()).hexdigest() == second.digest
    assert open_image(world, reference(world, "credcoin", first.digest)) == first
    assert open_image(world, reference(world, "credcoin", first.digest).split("@")[0] + ":v1") == second
    with pytest.raises(ImageNotFoundError, match="not found"):
        open_image(world, reference(world, "credcoin", "sha256:" + "0" * 64))
    with pytest.raises(ecr.exceptions.ImageDigestDoesNotMatchException):
        ecr.put_image(repositoryName="credcoin", imageManifest=pushed + " ", imageTag="x", imageDigest=first.digest)
    ecr.put_image_tag_mutability(repositoryName="credcoin", imageTagMutability="IMMUTABLE")
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException):
        push(world, ecr, "credcoin", "v1", first)


def test_the_command_prints_the_reference(ecr_world: tuple[World, str], context: Path) -> None:
    world, endpoint = ecr_world
    (world.directory / "world.json").write_text(
        f'{{"number": 249, "endpoint": "{endpoint}", "region": "{world.region}", '
        f'"account": "{world.account}", "minute_seconds": 5.0}}'
    )
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    command = [sys.executable, "-m", "dco_sandbox.images", "build", "--context", str(context), "--repository", "new"]
    command += ["--world", str(world.directory)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == reference(world, "new", built(world, context).digest)
    failed = subprocess.run([*command, "--push"], env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "RepositoryNotFoundException" in failed.stderr
