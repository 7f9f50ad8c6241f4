"""What a night needs of the account apart from what it deploys: identity, region, the bucket, the clock."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from botocore.exceptions import ClientError

from dco.model.finding import Finding, Mark
from dco.providers.aws.errors import asking, code
from dco.providers.aws.session import AwsSession

SKEW_SECONDS = 60
_MAKE = "apply terraform/runner, which makes it so, or name its bucket under [state] in dco.toml"


def identity(aws: AwsSession) -> Finding:
    """Look who calls, in which account and region. Raises `ConfigurationError` for credentials of another account."""
    account = aws.account()
    with asking("ask AWS who is calling"):
        arn = aws.sts.get_caller_identity()["Arn"]
    return Finding(Mark.OK, "credentials", f"{arn} in account {account}, region {aws.region}")


def clock(aws: AwsSession) -> Finding:
    """Compare this machine's clock with AWS's: approvals are signed with a time."""
    with asking("ask AWS for the time"):
        answer = aws.sts.get_caller_identity()
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if said is None:
        return Finding(Mark.SKIP, "clock", "the answer had no date")
    skew = abs((datetime.now(UTC) - parsedate_to_datetime(said)).total_seconds())
    if skew > SKEW_SECONDS:
        return Finding(Mark.NG, "clock", f"it is {skew:.0f} s off AWS's", "let it be set by NTP")
    return Finding(Mark.OK, "clock", f"within {max(skew, 1):.0f} s of AWS's")


def bucket(aws: AwsSession, name: str) -> tuple[Finding, ...]:
    """Look whether the bucket of the records exists, keeps versions, and has an object lock."""
    with asking(f"look at bucket {name}"):
        try:
            aws.s3.head_bucket(Bucket=name)
        except ClientError as error:
            if code(error) not in {"404", "NoSuchBucket"}:
                raise
            return (Finding(Mark.NG, "bucket", f"there is no bucket {name}", _MAKE),)
    return Finding(Mark.OK, "bucket", f"{name} is there"), _versions(aws, name), _locks(aws, name)


def versioning(aws: AwsSession, name: str) -> str:
    """Return whether a bucket keeps versions: `Enabled`, `Suspended` or `never enabled`."""
    with asking(f"read the versioning of bucket {name}"):
        return str(aws.s3.get_bucket_versioning(Bucket=name).get("Status", "never enabled"))


def _versions(aws: AwsSession, name: str) -> Finding:
    status = versioning(aws, name)
    mark = Mark.OK if status == "Enabled" else Mark.NG
    return Finding(mark, "bucket versions", f"versioning is {status.lower()}", _MAKE)


def _locks(aws: AwsSession, name: str) -> Finding:
    with asking(f"read the object lock of bucket {name}"):
        try:
            lock = aws.s3.get_object_lock_configuration(Bucket=name).get("ObjectLockConfiguration")
        except ClientError as error:
            if code(error) not in {"ObjectLockConfigurationNotFoundError", "ObjectLockConfigurationNotFound", "404"}:
                raise
            lock = None
    if lock is not None and lock.get("ObjectLockEnabled") == "Enabled":
        return Finding(Mark.OK, "bucket lock", "objects can be locked")
    return Finding(Mark.NG, "bucket lock", "objects can't be locked: the journal's head could be rewritten", _MAKE)
