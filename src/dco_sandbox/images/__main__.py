"""The world's image builder as a command: `python -m dco_sandbox.images build --repository credcoin --push`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from dco_sandbox.images.build import build
from dco_sandbox.images.errors import BuildError
from dco_sandbox.images.registry import push, reference
from dco_sandbox.world import World, WorldError, load

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient


@click.group()
def main() -> None:
    """Build images of a sandbox world."""


@main.command("build")
@click.option("--context", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--file", "dockerfile", type=click.Path(dir_okay=False, path_type=Path), help="[CONTEXT/Dockerfile]")
@click.option("--target", help="Stage to build; the last one otherwise.")
@click.option("--build-arg", "arguments", multiple=True, metavar="NAME=VALUE")
@click.option("--repository", required=True, help="ECR repository, say credcoin.")
@click.option("--tag", help="Tag to push under; the digest's first 12 signs otherwise.")
@click.option("--push", "pushing", is_flag=True, help="Put the image into the world's ECR.")
@click.option("--world", "directory", type=click.Path(path_type=Path), help="World; found upwards from here.")
def build_command(
    *,
    context: Path,
    dockerfile: Path | None,
    target: str | None,
    arguments: tuple[str, ...],
    repository: str,
    tag: str | None,
    pushing: bool,
    directory: Path | None,
) -> None:
    """Build a Dockerfile and print the image's reference by digest.

    Example: python -m dco_sandbox.images build --context . --repository credcoin --push
    """
    try:
        world = _world(directory, context)
        given = dict(argument.split("=", 1) for argument in arguments)
        image = build(world, context, dockerfile or context / "Dockerfile", target=target, arguments=given)
        if pushing:
            short = image.digest.removeprefix("sha256:")[:12]
            push(world, _ecr(world), repository, tag or short, image)
    except (BuildError, WorldError, FileNotFoundError, BotoCoreError, ClientError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
    print(reference(world, repository, image.digest))


def _world(directory: Path | None, context: Path) -> World:
    named = directory or os.environ.get("DCO_SANDBOX_WORLD")
    if named:
        return load(Path(named))
    starts = [Path.cwd(), context.resolve()]
    for place in [up for start in starts for up in (start, *start.parents)]:
        if (place / "world.json").is_file():
            return load(place)
    raise WorldError("no world.json here or above", "give --world DIR or set DCO_SANDBOX_WORLD")


def _ecr(world: World) -> "ECRClient":
    """Speak to the world's endpoint as whoever runs the build, and as the world's runner otherwise."""
    os.environ.setdefault("AWS_CONFIG_FILE", str(world.aws_config))
    os.environ.setdefault("AWS_SHARED_CREDENTIALS_FILE", str(world.aws_credentials))
    return boto3.client("ecr", region_name=world.region, endpoint_url=world.endpoint)


if __name__ == "__main__":
    main()
