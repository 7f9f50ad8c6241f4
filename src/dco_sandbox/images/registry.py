"""Push to ECR: the API's digest is the one of the very bytes that were pushed."""

from typing import TYPE_CHECKING

from dco_sandbox.images.store import MANIFEST_TYPE, Image, manifest
from dco_sandbox.world import World

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient


def push(world: World, ecr: "ECRClient", repository: str, tag: str, image: Image) -> str:
    """Put an image into a repository under a tag, return its digest. Doing it again changes nothing."""
    try:
        ecr.put_image(
            repositoryName=repository,
            imageManifest=manifest(world, image.digest),
            imageManifestMediaType=MANIFEST_TYPE,
            imageTag=tag,
            imageDigest=image.digest,
        )
    except ecr.exceptions.ImageAlreadyExistsException:
        return image.digest
    return image.digest


def reference(world: World, repository: str, digest: str) -> str:
    """Give the reference by which a task definition names an image."""
    return f"{world.account}.dkr.ecr.{world.region}.amazonaws.com/{repository}@{digest}"
