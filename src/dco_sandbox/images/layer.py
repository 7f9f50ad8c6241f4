"""ECR as it is: digests of the pushed bytes, tags that move, images that stay when their tag goes elsewhere.

Follows "Amazon ECR private images" and the reference of PutImage; moto makes a digest of the layers' digests
and deletes an image whose tag is given to another.
"""

import hashlib
import json
from typing import Any, cast

from moto.core.exceptions import ServiceException
from moto.ecr.exceptions import (
    ImageAlreadyExistsException,
    InvalidParameterException,
    RepositoryNotFoundException,
)
from moto.ecr.models import ECRBackend
from moto.ecr.models import Image as KnownImage

from dco_sandbox.runtime import Runtime


class ImageDigestDoesNotMatchError(ServiceException):
    """The digest that the client gave is not the one of the bytes that it sent."""

    code = "ImageDigestDoesNotMatchException"


class ImageTagAlreadyExistsError(ServiceException):
    """The repository's tags are immutable and this one is taken by another image."""

    code = "ImageTagAlreadyExistsException"


class ImageLayer:
    """Puts the sandbox's rules for images into moto's ECR."""

    def install(self, runtime: Runtime) -> None:
        """Replace moto's PutImage and its notion of an image's size."""
        del runtime
        ECRBackend.put_image = put_image
        KnownImage.get_image_size_in_bytes = _size

    def tick(self, runtime: Runtime) -> None:
        """Do nothing: images don't change by themselves."""


def put_image(
    self: ECRBackend,
    repository_name: str,
    image_manifest: str,
    image_tag: str | None,
    image_manifest_mediatype: str | None = None,
    digest: str | None = None,
) -> KnownImage:
    """Add an image, or give a known one another tag; a tag that was elsewhere moves here."""
    repository: Any = self.repositories.get(repository_name)
    if repository is None:
        raise RepositoryNotFoundException(repository_name, self.account_id)
    media_type = image_manifest_mediatype or _parsed(image_manifest).get("mediaType")
    if media_type is None:
        raise InvalidParameterException("image manifest mediatype not provided in manifest or parameter")
    actual = "sha256:" + hashlib.sha256(image_manifest.encode()).hexdigest()
    if digest and digest != actual:
        raise ImageDigestDoesNotMatchError(f"The manifest's digest is {actual}, not {digest}.")
    image: Any = next((known for known in repository.images if known.get_image_digest() == actual), None)
    if image and (image_tag is None or image_tag in image.image_tags):
        raise ImageAlreadyExistsException(repository_name, self.account_id, actual, image_tag or "")
    _free_tag(repository, image_tag)
    if image is None:
        image = KnownImage(self.account_id, cast("str", image_tag), image_manifest, repository_name, media_type, actual)
        repository.images.append(image)
    else:
        image.update_tag(image_tag)
    return image


def _free_tag(repository: Any, tag: str | None) -> None:
    for holder in repository.images:
        if tag is None or tag not in holder.image_tags:
            continue
        if repository.is_tag_immutable():
            raise ImageTagAlreadyExistsError(
                f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be "
                "overwritten because the tag is immutable."
            )
        holder.remove_tag(tag)
        holder.image_tag = holder.image_tags[-1] if holder.image_tags else None


def _parsed(manifest: str) -> dict[str, Any]:
    try:
        return json.loads(manifest)
    except json.JSONDecodeError:
        raise InvalidParameterException(
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
        ) from None


def _size(self: KnownImage) -> int:
    return sum(int(layer["size"]) for layer in _parsed(self.image_manifest).get("layers", []))
