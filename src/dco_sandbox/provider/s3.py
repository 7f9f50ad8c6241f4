"""S3: the bucket itself, its policy and its public access."""

import json
from typing import Any

from botocore.exceptions import ClientError

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, code_of, pairs, unpaired
from dco_sandbox.provider.schema import BOOL, TAGS, computed, either, required
from dco_sandbox.provider.settle import same_json
from dco_sandbox.provider.wire import Values

HOME_OF_NAMES = "us-east-1"
"""The one region in which a bucket is made without a location constraint."""


class Bucket(Kind):
    """A bucket; what is set on it are resources of their own."""

    name = "aws_s3_bucket"
    attributes = (
        computed("id"),
        computed("arn"),
        either("bucket", new=True),
        either("force_destroy", BOOL, False),
        either("object_lock_enabled", BOOL, False, new=True),
        computed("region"),
        computed("bucket_domain_name"),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the bucket."""
        s3 = aws("s3")
        region = s3.meta.region_name
        place: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(
            Bucket=want["bucket"],
            ObjectLockEnabledForBucket=want["object_lock_enabled"],
            **({} if region == HOME_OF_NAMES else place),
        )
        return {"id": want["bucket"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Tag it: creation has no argument for that."""
        if state["tags_all"]:
            self.retag(aws, state, state["tags_all"], [])

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask whether it is there, and for its tags."""
        s3, name = aws("s3"), have["id"]
        try:
            s3.head_bucket(Bucket=name)
        except ClientError as error:
            if code_of(error) in {"404", "NoSuchBucket"}:
                return None
            raise
        return {
            "arn": f"arn:aws:s3:::{name}",
            "bucket": name,
            "region": s3.meta.region_name,
            "bucket_domain_name": f"{name}.s3.amazonaws.com",
            "tags_all": _tags(s3, name),
        }

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Replace the set of tags: S3 has no finer call."""
        tags = {k: v for k, v in _tags(aws("s3"), have["id"]).items() if k not in remove} | add
        aws("s3").put_bucket_tagging(Bucket=have["id"], Tagging={"TagSet": pairs(tags)})

    def delete(self, aws: Aws, have: Values) -> None:
        """End it; with `force_destroy`, after every version in it."""
        if have["force_destroy"]:
            _empty(aws("s3"), have["id"])
        aws("s3").delete_bucket(Bucket=have["id"])


def _tags(s3: Any, name: str) -> dict[str, str]:
    try:
        return unpaired(s3.get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if code_of(error) == "NoSuchTagSet":
            return {}
        raise


def _empty(s3: Any, name: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        for each in found:
            s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])


class BucketPolicy(Kind):
    """Who may reach the bucket."""

    name = "aws_s3_bucket_policy"
    attributes = (computed("id"), required("bucket", new=True), required("policy", same=same_json))

    def create(self, aws: Aws, want: Values) -> Values:
        """Put the policy."""
        aws("s3").put_bucket_policy(Bucket=want["bucket"], Policy=want["policy"])
        return {"id": want["bucket"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the policy."""
        text = aws("s3").get_bucket_policy(Bucket=have["id"])["Policy"]
        return {"policy": text if isinstance(text, str) else json.dumps(text)}

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002 - the seam's shape
        """Put the policy anew."""
        self.create(aws, want)

    def delete(self, aws: Aws, have: Values) -> None:
        """Take it away."""
        aws("s3").delete_bucket_policy(Bucket=have["id"])


WALLS = {
    "block_public_acls": "BlockPublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "ignore_public_acls": "IgnorePublicAcls",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


class PublicAccessBlock(Kind):
    """The walls between a bucket and the public."""

    name = "aws_s3_bucket_public_access_block"
    attributes = (
        computed("id"),
        required("bucket", new=True),
        *(either(wall, BOOL, False) for wall in WALLS),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Put up the walls."""
        walls = {argument: want[name] for name, argument in WALLS.items()}
        aws("s3").put_public_access_block(Bucket=want["bucket"], PublicAccessBlockConfiguration=walls)
        return {"id": want["bucket"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the walls."""
        answer = aws("s3").get_public_access_block(Bucket=have["id"])
        walls = answer["PublicAccessBlockConfiguration"]
        return {name: bool(walls.get(argument)) for name, argument in WALLS.items()}

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002
        """Put up the walls anew."""
        self.create(aws, want)

    def delete(self, aws: Aws, have: Values) -> None:
        """Take them down."""
        aws("s3").delete_public_access_block(Bucket=have["id"])


KINDS = (Bucket, BucketPolicy, PublicAccessBlock)
