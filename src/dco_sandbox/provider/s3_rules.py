"""S3: what is set on a bucket: versions, encryption, object lock, lifecycle."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, given
from dco_sandbox.provider.schema import BOOL, NUMBER, Block, computed, either, optional, required
from dco_sandbox.provider.wire import Values

BUCKET = (computed("id"), required("bucket", new=True))


class Versioning(Kind):
    """Whether old versions of objects are kept."""

    name = "aws_s3_bucket_versioning"
    attributes = BUCKET
    blocks = (Block("versioning_configuration", (required("status"),), least=1, most=1),)

    def create(self, aws: Aws, want: Values) -> Values:
        """Set the status."""
        status = {"Status": want["versioning_configuration"][0]["status"]}
        aws("s3").put_bucket_versioning(Bucket=want["bucket"], VersioningConfiguration=status)
        return {"id": want["bucket"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the status; a bucket that never had one answers nothing."""
        status = aws("s3").get_bucket_versioning(Bucket=have["id"]).get("Status")
        return {"versioning_configuration": [{"status": status or "Disabled"}]}

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002 - the seam's shape
        """Set the status anew."""
        self.create(aws, want)

    def delete(self, aws: Aws, have: Values) -> None:
        """Suspend: a versioned bucket never becomes unversioned. Object lock forbids even that."""
        if aws("s3").get_bucket_versioning(Bucket=have["id"]).get("Status") == "Enabled" and not _locked(
            aws, have["id"]
        ):
            aws("s3").put_bucket_versioning(Bucket=have["id"], VersioningConfiguration={"Status": "Suspended"})


def _locked(aws: Aws, bucket: str) -> bool:
    s3 = aws("s3")
    try:
        answer = s3.get_object_lock_configuration(Bucket=bucket)
    except s3.exceptions.ClientError:
        return False
    return answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"


DEFAULT_CIPHER = Block(
    "apply_server_side_encryption_by_default",
    (required("sse_algorithm"), optional("kms_master_key_id")),
    most=1,
)


class Encryption(Kind):
    """How objects are encrypted."""

    name = "aws_s3_bucket_server_side_encryption_configuration"
    attributes = BUCKET
    blocks = (Block("rule", (optional("bucket_key_enabled", BOOL, default=False),), (DEFAULT_CIPHER,), least=1),)

    def create(self, aws: Aws, want: Values) -> Values:
        """Set the rules."""
        rules = [
            {
                "ApplyServerSideEncryptionByDefault": given(
                    SSEAlgorithm=rule[DEFAULT_CIPHER.name][0]["sse_algorithm"],
                    KMSMasterKeyID=rule[DEFAULT_CIPHER.name][0]["kms_master_key_id"],
                ),
                "BucketKeyEnabled": bool(rule["bucket_key_enabled"]),
            }
            for rule in want["rule"]
        ]
        aws("s3").put_bucket_encryption(Bucket=want["bucket"], ServerSideEncryptionConfiguration={"Rules": rules})
        return {"id": want["bucket"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the rules."""
        answer = aws("s3").get_bucket_encryption(Bucket=have["id"])
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        return {"rule": [_cipher(rule) for rule in rules]}

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002
        """Set the rules anew."""
        self.create(aws, want)

    def delete(self, aws: Aws, have: Values) -> None:
        """Go back to AWS's own."""
        aws("s3").delete_bucket_encryption(Bucket=have["id"])


def _cipher(rule: dict[str, Any]) -> Values:
    default = rule["ApplyServerSideEncryptionByDefault"]
    cipher = {
        "sse_algorithm": default["SSEAlgorithm"],
        "kms_master_key_id": default.get("KMSMasterKeyID"),
    }
    return {"bucket_key_enabled": bool(rule.get("BucketKeyEnabled")), DEFAULT_CIPHER.name: [cipher]}


RETENTION = Block("default_retention", (optional("mode"), optional("days", NUMBER), optional("years", NUMBER)), most=1)


class ObjectLock(Kind):
    """How long an object can't be rewritten."""

    name = "aws_s3_bucket_object_lock_configuration"
    attributes = (*BUCKET, either("object_lock_enabled", default="Enabled", new=True))
    blocks = (Block("rule", (), (RETENTION,), most=1),)

    def create(self, aws: Aws, want: Values) -> Values:
        """Set the retention."""
        lock: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
        if want["rule"]:
            asked = want["rule"][0][RETENTION.name][0]
            numbers = given(Days=asked["days"], Years=asked["years"])
            kept = {"Mode": asked["mode"], **{k: int(v) for k, v in numbers.items()}}
            lock["Rule"] = {"DefaultRetention": kept}
        aws("s3").put_object_lock_configuration(Bucket=want["bucket"], ObjectLockConfiguration=lock)
        return {"id": want["bucket"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the retention."""
        answer = aws("s3").get_object_lock_configuration(Bucket=have["id"])["ObjectLockConfiguration"]
        kept = (answer.get("Rule") or {}).get("DefaultRetention")
        real = kept and {
            "mode": kept.get("Mode"),
            "days": kept.get("Days") or None,
            "years": kept.get("Years") or None,
        }
        return {
            "object_lock_enabled": answer["ObjectLockEnabled"],
            "rule": [{RETENTION.name: [real]}] if real else [],
        }

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002
        """Set the retention anew."""
        self.create(aws, want)

    def delete(self, aws: Aws, have: Values) -> None:
        """Take the default away; the lock itself stays as long as the bucket."""
        aws("s3").put_object_lock_configuration(
            Bucket=have["id"], ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
        )


LIFECYCLE = {
    "expiration": ("Expiration", "days", "Days"),
    "noncurrent_version_expiration": ("NoncurrentVersionExpiration", "noncurrent_days", "NoncurrentDays"),
    "abort_incomplete_multipart_upload": (
        "AbortIncompleteMultipartUpload",
        "days_after_initiation",
        "DaysAfterInitiation",
    ),
}


class Lifecycle(Kind):
    """When objects and their old versions end."""

    name = "aws_s3_bucket_lifecycle_configuration"
    attributes = BUCKET
    blocks = (
        Block(
            "rule",
            (required("id"), required("status")),
            (
                Block("filter", (optional("prefix"),), most=1),
                *(Block(block, (optional(days, NUMBER),), most=1) for block, (_, days, _days) in LIFECYCLE.items()),
            ),
            least=1,
        ),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Set the rules."""
        rules = [_rule(each) for each in want["rule"]]
        aws("s3").put_bucket_lifecycle_configuration(Bucket=want["bucket"], LifecycleConfiguration={"Rules": rules})
        return {"id": want["bucket"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the rules."""
        found = aws("s3").get_bucket_lifecycle_configuration(Bucket=have["id"])["Rules"]
        return {"rule": [_read_rule(each) for each in found]}

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002
        """Set the rules anew."""
        self.create(aws, want)

    def delete(self, aws: Aws, have: Values) -> None:
        """Take the rules away."""
        aws("s3").delete_bucket_lifecycle(Bucket=have["id"])


def _rule(asked: Values) -> dict[str, Any]:
    prefix = (asked["filter"] or [{}])[0].get("prefix") or ""
    rule: dict[str, Any] = {"ID": asked["id"], "Status": asked["status"], "Filter": {"Prefix": prefix}}
    for block, (argument, days, days_argument) in LIFECYCLE.items():
        if asked[block]:
            rule[argument] = {days_argument: int(asked[block][0][days])}
    return rule


def _read_rule(found: dict[str, Any]) -> Values:
    rule: Values = {"id": found["ID"], "status": found["Status"]}
    rule["filter"] = [{"prefix": (found.get("Filter") or {}).get("Prefix") or None}]
    for block, (argument, days, days_argument) in LIFECYCLE.items():
        if found.get(argument):
            rule[block] = [{days: found[argument].get(days_argument)}]
    return rule


KINDS = (Versioning, Encryption, ObjectLock, Lifecycle)
