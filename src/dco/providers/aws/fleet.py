"""`seams.fleet.Fleet` by EC2, ELB and Health. Reads only."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dco.model.errors import Unreadable
from dco.providers.aws import health_log
from dco.providers.aws.errors import asking
from dco.providers.aws.session import AwsSession
from dco.seams.fleet import Instance, MachineImageState, Notice

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import FilterTypeDef, ImageTypeDef

_ALIVE = ["pending", "running", "stopping", "stopped"]
_ACCOUNT = re.compile(r"\d{12}|self")
_OPEN = ["open", "upcoming"]


class AwsFleet:
    """Asks AWS; every page of an answer is read."""

    def __init__(self, aws: AwsSession) -> None:
        self._aws = aws

    def instances(self, tags: Mapping[str, str]) -> tuple[Instance, ...]:
        """See `Fleet.instances`."""
        filters: list[FilterTypeDef] = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
        filters.append({"Name": "instance-state-name", "Values": _ALIVE})
        with asking("read the machines"):
            pages = self._aws.ec2.get_paginator("describe_instances").paginate(Filters=filters)
            found = [one for page in pages for group in page["Reservations"] for one in group.get("Instances", [])]
        names = self._image_names([one.get("InstanceId", "") for one in found])
        return tuple(
            Instance(
                id=one.get("InstanceId", ""),
                image=one.get("ImageId", ""),
                kind=one.get("InstanceType", ""),
                zone=one.get("Placement", {}).get("AvailabilityZone", ""),
                tags={tag.get("Key", ""): tag.get("Value", "") for tag in one.get("Tags", [])},
                image_name=names.get(one.get("InstanceId", ""), ""),
            )
            for one in found
        )

    def image(self, identifier: str) -> MachineImageState | None:
        """See `Fleet.image`."""
        # a filter, not ImageIds: that one answers an image that is gone by an error that throttling could be taken for
        filters: list[FilterTypeDef] = [{"Name": "image-id", "Values": [identifier]}]
        with asking(f"read the image {identifier}"):
            found = self._aws.ec2.describe_images(Filters=filters, IncludeDeprecated=True)["Images"]
        return _state(found[0]) if found else None

    def images(self, owner: str, name: str, architecture: str) -> tuple[MachineImageState, ...]:
        """See `Fleet.images`."""
        filters: list[FilterTypeDef] = [
            {"Name": "name", "Values": [name]},
            {"Name": "architecture", "Values": [architecture]},
        ]
        asked: dict[str, Any] = {"Filters": filters, "IncludeDeprecated": True}
        if _ACCOUNT.fullmatch(owner):
            asked["Owners"] = [owner]
        else:
            filters.append({"Name": "owner-alias", "Values": [owner]})
        with asking(f"look for images {name} of {owner}"):
            pages = self._aws.ec2.get_paginator("describe_images").paginate(**asked)
            return tuple(_state(image) for page in pages for image in page["Images"])

    def kinds(self) -> Mapping[str, frozenset[str]]:
        """See `Fleet.kinds`."""
        with asking("read which instance types are offered"):
            asked = self._aws.ec2.get_paginator("describe_instance_type_offerings")
            pages = asked.paginate(LocationType="availability-zone")
            rows = [row for page in pages for row in page["InstanceTypeOfferings"]]
        found: dict[str, set[str]] = {}
        for row in rows:
            found.setdefault(str(row.get("InstanceType", "")), set()).add(row.get("Location", ""))
        if not found:
            raise Unreadable("AWS listed no instance type at all", "try again; an empty list is no answer")
        return {kind: frozenset(zones) for kind, zones in found.items()}

    def scheduled(self, instances: Iterable[str]) -> tuple[Notice, ...]:
        """See `Fleet.scheduled`."""
        mine = sorted(instances)
        with asking("read what AWS has scheduled for the machines"):
            asked = self._aws.ec2.get_paginator("describe_instance_status")
            pages = asked.paginate(InstanceIds=mine, IncludeAllInstances=True)
            states = [one for page in pages for one in page["InstanceStatuses"]]
        if silent := sorted(set(mine) - {state.get("InstanceId", "") for state in states}):
            raise Unreadable(
                f"AWS did not tell what is scheduled for {', '.join(silent)}", "see whether it still is there"
            )
        return tuple(
            Notice(
                subject=state.get("InstanceId", ""),
                what=f"{event.get('Code', '')}: {event.get('Description', '')}",
                begins=event["NotBefore"].isoformat() if "NotBefore" in event else None,
            )
            for state in states
            for event in state.get("Events", [])
            # AWS leaves what is over in the list for a week
            if not event.get("Description", "").startswith(("[Completed]", "[Canceled]"))
        )

    def tls_policies(self) -> Mapping[str, frozenset[str]]:
        """See `Fleet.tls_policies`."""
        found: dict[str, frozenset[str]] = {}
        more: dict[str, Any] = {}
        with asking("read the TLS policies of load balancers"):
            while True:
                page = self._aws.elbv2.describe_ssl_policies(**more)
                for policy in page["SslPolicies"]:
                    found[policy.get("Name", "")] = frozenset(policy.get("SslProtocols", []))
                if not (marker := page.get("NextMarker")):
                    break
                more = {"Marker": marker}
        if not found:
            raise Unreadable("AWS listed no TLS policy at all", "try again; an empty list is no answer")
        return found

    def health(self) -> tuple[Notice, ...]:
        """See `Fleet.health`."""
        with asking("ask AWS Health (it needs a Business support plan or better; without one set health = false)"):
            asked = self._aws.health.get_paginator("describe_events")
            wanted = {"eventStatusCodes": _OPEN, "regions": [self._aws.region, "global"]}
            events = [event for page in asked.paginate(filter=wanted) for event in page["events"]]
        return tuple(
            Notice(
                subject=str(event.get("service", "")),
                what=str(event.get("eventTypeCode", "")),
                begins=event["startTime"].isoformat() if "startTime" in event else None,
            )
            for event in events
        )

    def heard(self, group: str, now: datetime) -> tuple[Notice, ...]:
        """See `Fleet.heard`."""
        return health_log.read(self._aws, group, now)

    def _image_names(self, instances: list[str]) -> dict[str, str]:
        """Return what the images of machines are called, also of those that are deregistered."""
        if not instances:
            return {}
        with asking("read the machines' images"):
            asked = self._aws.ec2.get_paginator("describe_instance_image_metadata")
            rows = [row for page in asked.paginate(InstanceIds=instances) for row in page["InstanceImageMetadata"]]
        return {row.get("InstanceId", ""): row.get("ImageMetadata", {}).get("Name", "") for row in rows}


def _state(image: "ImageTypeDef") -> MachineImageState:
    return MachineImageState(
        id=image.get("ImageId", ""),
        name=image.get("Name", ""),
        created=image.get("CreationDate", ""),
        deprecated=image.get("DeprecationTime"),
        available=image.get("State") == "available",
    )
