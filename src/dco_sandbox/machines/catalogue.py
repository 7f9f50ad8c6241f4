"""The machine images that there are: Neo4j Community on a plain Linux, as a vendor publishes them each month.

What an image ships follows from its name, so that an image registered through EC2's own API
(`neo4j-community-<version>-<yyyy.mm.dd>`) is as good as those that a new world begins with. All ship `/opt/dco`;
`dco-stream-<yyyy.mm.dd>` and `dco-gate-<yyyy.mm.dd>` ship nothing else.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models.amis import Ami

OWNER_ALIAS = "aws-marketplace"
OWNER = "679593333241"
FIRST = (
    ("neo4j-community-5.26.30-2026.10.01", "2026-10-01T06:00:00.000Z"),
    ("neo4j-community-5.26.30-2026.11.01", "2026-11-01T06:00:00.000Z"),
)
NEXT_LINE = (("neo4j-community-2026.08.1-2026.11.01", "2026-11-01T06:00:00.000Z"),)
OWN = (("dco-stream-2026.11.01", "2026-11-01T06:00:00.000Z"), ("dco-gate-2026.11.01", "2026-11-01T06:00:00.000Z"))
ALL = (*FIRST, *NEXT_LINE, *OWN)
_NAME = re.compile(r"neo4j-community-(?P<version>\d+(?:\.\d+)+)-\d{4}\.\d\d\.\d\d")


def neo4j_versions(name: str | None) -> tuple[str, ...]:
    """Say which Neo4j versions an image of this name ships; none when it is no Neo4j image."""
    match = _NAME.fullmatch(name or "")
    return (match["version"],) if match else ()


def image_id(name: str) -> str:
    """Give the id of a catalogued image; it follows from the name, so that all worlds agree."""
    return "ami-0" + hashlib.sha256(name.encode()).hexdigest()[:16]


def register(backend: Any, name: str, created: str, deprecated: str | None = None) -> str:
    """Put an image into an EC2 backend's catalogue and return its id; a known one gets the new times.

    `created` and `deprecated` are ISO 8601 with a Z. An image is deprecated two years on unless told otherwise.
    """
    begun = datetime.fromisoformat(created).astimezone(UTC)
    identifier = image_id(name)
    ami: Any = Ami(
        backend,
        identifier,
        name=name,
        description=" and ".join([*(f"Neo4j Community {one}" for one in neo4j_versions(name)), "dco on Linux"]),
        owner_id=OWNER,
        owner_alias=OWNER_ALIAS,
        public=True,
        virtualization_type="hvm",
        architecture="x86_64",
        creation_date=begun,
        image_location=f"{OWNER_ALIAS}/{name}",
        hypervisor="xen",
        root_device_type="ebs",
        region_name=f"{backend.region_name}a",
    )
    ami.deprecation_time = deprecated or iso(begun.replace(year=begun.year + 2))
    backend.amis[identifier] = ami
    return identifier


def fill(backend: Any, images: Sequence[tuple[str, str]] = ALL) -> None:
    """Give a new backend the images that every world begins with."""
    for name, created in images:
        register(backend, name, created)


def iso(moment: datetime) -> str:
    """Write a time as EC2 does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
