"""`seams.volumes.Volumes` by EC2. A snapshot carries its token as a tag, for CreateSnapshot itself knows none."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from dco.model.errors import StepFailed
from dco.providers.aws.errors import asking, code, doing
from dco.providers.aws.session import AwsSession

_TOKEN = "dco:token"  # noqa: S105  # a tag's name
_GONE = "InvalidSnapshot.NotFound"


class EbsVolumes:
    """Finds volumes and snapshots by their tags."""

    def __init__(self, aws: AwsSession) -> None:
        self._aws = aws

    def snapshot(self, tags: Mapping[str, str], token: str) -> str:
        """See `Volumes.snapshot`."""
        if (known := self._of(token)) is not None:
            return known
        volume = self._volume(tags)
        marks = [{"Key": key, "Value": value} for key, value in {**tags, _TOKEN: token}.items()]
        with doing(f"take a snapshot of {volume}"):
            made = self._aws.ec2.create_snapshot(
                VolumeId=volume,
                Description=f"The copy that a second server begins with: {token}",
                TagSpecifications=[{"ResourceType": "snapshot", "Tags": marks}],  # type: ignore[typeddict-item]
            )
            return made["SnapshotId"]

    def is_complete(self, snapshot: str) -> bool:
        """See `Volumes.is_complete`."""
        with asking(f"read snapshot {snapshot}"):
            (found,) = self._aws.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
        if found.get("State") == "error":
            raise StepFailed(f"snapshot {snapshot} failed: {found.get('StateMessage', '')}", "try again")
        return found.get("State") == "completed"

    def forget(self, token: str) -> None:
        """See `Volumes.forget`."""
        if (known := self._of(token)) is None:
            return
        with doing(f"delete snapshot {known}"):
            try:
                self._aws.ec2.delete_snapshot(SnapshotId=known)
            except ClientError as error:
                if code(error) != _GONE:
                    raise

    def _of(self, token: str) -> str | None:
        with asking("look for a snapshot by its token"):
            wanted = [{"Name": f"tag:{_TOKEN}", "Values": [token]}]
            found = self._aws.ec2.describe_snapshots(OwnerIds=["self"], Filters=wanted)["Snapshots"]  # type: ignore[arg-type]
        return found[0].get("SnapshotId") if found else None

    def _volume(self, tags: Mapping[str, str]) -> str:
        with asking("look for the data volume"):
            wanted = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
            found = self._aws.ec2.describe_volumes(Filters=wanted)["Volumes"]  # type: ignore[arg-type]
        if len(found) != 1:
            told = " and ".join(f"{key}={value}" for key, value in tags.items())
            raise StepFailed(f"{len(found)} volumes are tagged {told}", "exactly one holds the data: see its stack")
        return found[0].get("VolumeId", "")
