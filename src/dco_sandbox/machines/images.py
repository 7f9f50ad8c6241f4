"""What moto's EC2 leaves out of machine images: when they are deprecated, and what an instance's image was called.

Follows "Deprecate an Amazon EC2 AMI": a deprecated image is listed only for its owner, by its id, or when asked for
with IncludeDeprecated; it can still be launched.
"""

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError
from moto.ec2.responses.amis import AmisResponse

from dco_sandbox.machines import catalogue


class InvalidParameterError(EC2ClientError):
    """A parameter's value can't be."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidParameter", message)


def install() -> None:
    """Add the calls to moto's EC2. May be called again."""
    responses: Any = AmisResponse
    responses.describe_images = describe_images
    responses.enable_image_deprecation = enable_image_deprecation
    responses.disable_image_deprecation = disable_image_deprecation
    responses.deregister_image = deregister_image
    responses.describe_instance_image_metadata = describe_instance_image_metadata


def describe_images(self: Any) -> ActionResult:
    """List images by id, owner and filter; deprecated ones of others only when asked for."""
    self.error_on_dryrun()
    ids = self._get_param("ImageIds", [])
    images = self.ec2_backend.describe_images(
        ami_ids=ids,
        exec_users=self._get_param("ExecutableUsers", []),
        owners=self._get_param("Owners", []),
        filters=self._filters_from_querystring(),
    )
    if not ids and not self._get_bool_param("IncludeDeprecated", False):
        images = [ami for ami in images if not is_deprecated(ami) or ami.owner_id == self.current_account]
    return ActionResult({"Images": images})


def enable_image_deprecation(self: Any) -> ActionResult:
    """Say from when on an image is deprecated; EC2 rounds to the minute."""
    ami = _image(self)
    moment = datetime.fromisoformat(str(self._get_param("DeprecateAt"))).astimezone(UTC)
    if moment < datetime.now(UTC):
        raise InvalidParameterError("The deprecation time must be in the future.")
    ami.deprecation_time = catalogue.iso(moment.replace(second=0, microsecond=0))
    return ActionResult({"Return": True})


def disable_image_deprecation(self: Any) -> ActionResult:
    """Take the deprecation back."""
    _image(self).deprecation_time = None
    return ActionResult({"Return": True})


def deregister_image(self: Any) -> ActionResult:
    """Deregister an image; what it was called is remembered, as EC2 does for the instances that it was started on."""
    ami = _image(self)
    if not hasattr(self.ec2_backend, "gone_images"):
        self.ec2_backend.gone_images = {}
    self.ec2_backend.gone_images[ami.id] = ami.name
    self.ec2_backend.deregister_image(ami.id)
    return ActionResult({"Return": True})


def describe_instance_image_metadata(self: Any) -> ActionResult:
    """Tell the images of instances that were not ended, also of those whose image is deregistered."""
    ids = self._get_param("InstanceIds", [])
    backend = self.ec2_backend
    gone: dict[str, str] = getattr(backend, "gone_images", {})
    found = [one for one in backend.all_instances() if one.state != "terminated" and (not ids or one.id in ids)]
    names = {ami.id: ami.name for ami in backend.amis.values()} | gone
    rows = [
        {"InstanceId": one.id, "ImageMetadata": {"ImageId": one.image_id, "Name": names.get(one.image_id)}}
        for one in found
    ]
    return ActionResult({"InstanceImageMetadata": rows})


def is_deprecated(ami: Any) -> bool:
    """Say whether an image's deprecation time has passed."""
    moment = getattr(ami, "deprecation_time", None)
    return moment is not None and datetime.fromisoformat(moment) <= datetime.now(UTC)


def _image(self: Any) -> Any:
    identifier = self._get_param("ImageId")
    if identifier not in self.ec2_backend.amis:
        raise InvalidAMIIdError(identifier)
    return self.ec2_backend.amis[identifier]
