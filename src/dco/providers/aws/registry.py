"""References to images, and the registry (ECR)."""

import re

from botocore.exceptions import ClientError

from dco.model.errors import ConfigurationError
from dco.providers.aws.errors import asking, code
from dco.providers.aws.session import AwsSession

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<name>[^@:]+)"
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MISSING = frozenset({"ImageNotFoundException", "RepositoryNotFoundException"})


def repository_of(image: str) -> str:
    """Return an image's repository: the reference without tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def digest_of(image: str) -> str | None:
    """Return the digest that a reference ends with; None when it has none or a malformed one."""
    digest = image.partition("@")[2]
    return digest if _DIGEST.fullmatch(digest) else None


def in_ecr(image: str) -> bool:
    """Tell whether an image lies in an ECR repository."""
    return _ECR.match(image) is not None


def exists(aws: AwsSession, image: str) -> bool:
    """Tell whether ECR has an image, named by digest. Raises `ConfigurationError` for any other reference."""
    place, digest = _ECR.match(image), digest_of(image)
    if place is None or digest is None:
        raise ConfigurationError(
            f"{image} does not name an ECR image by digest", "images are named REPOSITORY@sha256:… with 64 hex digits"
        )
    with asking(f"look for image {image}"):
        try:
            aws.ecr.describe_images(
                registryId=place["account"], repositoryName=place["name"], imageIds=[{"imageDigest": digest}]
            )
        except ClientError as error:
            if code(error) in _MISSING:
                return False
            raise
    return True
