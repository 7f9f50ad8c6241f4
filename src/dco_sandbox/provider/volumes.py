"""EC2's disks, and which machine has which."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.instances import BOOT_SECONDS, ENDED, FILTER, filters, state_of
from dco_sandbox.provider.kind import Kind, Lookup, given, wait_until
from dco_sandbox.provider.schema import BOOL, NUMBER, TAGS, TEXTS, computed, either, required
from dco_sandbox.provider.vpc import Ec2Kind, marked, tags_of
from dco_sandbox.provider.wire import Values


class Volume(Ec2Kind):
    """A disk that outlives its machine."""

    name = "aws_ebs_volume"
    attributes = (
        computed("id"),
        computed("arn"),
        required("availability_zone", new=True),
        either("size", NUMBER),
        either("type", default="gp2"),
        either("iops", NUMBER),
        either("throughput", NUMBER),
        either("encrypted", BOOL, False, new=True),
        either("kms_key_id", new=True),
        either("snapshot_id", new=True),
        either("final_snapshot", BOOL, False),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the disk."""
        numbers = given(Size=want["size"], Iops=want["iops"], Throughput=want["throughput"])
        made = aws("ec2").create_volume(
            AvailabilityZone=want["availability_zone"],
            VolumeType=want["type"],
            Encrypted=want["encrypted"],
            **{k: int(v) for k, v in numbers.items()},
            **given(KmsKeyId=want["kms_key_id"], SnapshotId=want["snapshot_id"]),
            **marked("volume", want),
        )
        return {"id": made["VolumeId"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Wait until it can be attached."""
        wait_until(f"volume {state['id']}", lambda: _volume(aws, state)["State"] == "available", 60)

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the disk."""
        ec2 = aws("ec2")
        found = _volume(aws, have)
        if not found or found["State"] in {"deleting", "deleted"}:
            return None
        return {
            "arn": f"arn:aws:ec2:{ec2.meta.region_name}::volume/{have['id']}",
            "availability_zone": found["AvailabilityZone"],
            "size": found["Size"],
            "type": found["VolumeType"],
            "encrypted": found["Encrypted"],
            "iops": found.get("Iops"),
            "throughput": found.get("Throughput"),
            "kms_key_id": found.get("KmsKeyId"),
            "snapshot_id": found.get("SnapshotId") or "",
            "tags_all": tags_of(found),
        }

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Grow or quicken it."""
        asked = {"Size": "size", "Iops": "iops", "Throughput": "throughput"}
        changed = {a: int(want[k]) for a, k in asked.items() if want[k] and have[k] != want[k]}
        kind = {"VolumeType": want["type"]} if have["type"] != want["type"] else {}
        if changed or kind:
            aws("ec2").modify_volume(VolumeId=have["id"], **changed, **kind)

    def delete(self, aws: Aws, have: Values) -> None:
        """End it, after a last snapshot when one is asked for."""
        if have["final_snapshot"]:
            text = f"Last state of {have['id']}"
            taken = aws("ec2").create_snapshot(VolumeId=have["id"], Description=text)["SnapshotId"]
            aws("ec2").get_waiter("snapshot_completed").wait(SnapshotIds=[taken])
        aws("ec2").delete_volume(VolumeId=have["id"])


def _volume(aws: Aws, have: Values) -> dict[str, Any]:
    found = aws("ec2").describe_volumes(VolumeIds=[have["id"]])["Volumes"]
    return found[0] if found else {}


class VolumeAttachment(Kind):
    """Which machine has the disk."""

    name = "aws_volume_attachment"
    attributes = (
        computed("id"),
        required("device_name", new=True),
        required("instance_id", new=True),
        required("volume_id", new=True),
        either("force_detach", BOOL, False),
        either("skip_destroy", BOOL, False),
        either("stop_instance_before_detaching", BOOL, False),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Attach it."""
        aws("ec2").attach_volume(Device=want["device_name"], InstanceId=want["instance_id"], VolumeId=want["volume_id"])
        return {"id": f"vai-{want['volume_id']}-{want['instance_id']}"}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Look for the tie in the disk's description."""
        found = _volume(aws, {"id": have["volume_id"]})
        for tie in found.get("Attachments") or []:
            if tie["InstanceId"] == have["instance_id"] and tie["State"] in {"attaching", "attached"}:
                return {"device_name": tie["Device"]}
        return None

    def delete(self, aws: Aws, have: Values) -> None:
        """Detach it, with the machine stopped first when that is asked for."""
        if have["skip_destroy"]:
            return
        machine = have["instance_id"]
        if have["stop_instance_before_detaching"] and state_of(aws, machine) not in {*ENDED, "stopped", ""}:
            aws("ec2").stop_instances(InstanceIds=[machine])
            stopped = {"stopped", *ENDED}
            wait_until(f"instance {machine} to stop", lambda: state_of(aws, machine) in stopped, BOOT_SECONDS)
        aws("ec2").detach_volume(VolumeId=have["volume_id"], InstanceId=machine, Force=have["force_detach"])
        wait_until(f"volume {have['volume_id']}", lambda: self.read(aws, have) is None, 60)


class Volumes(Lookup):
    """Which disks there are; none is an answer, too."""

    name = "aws_ebs_volumes"
    attributes = (computed("id"), computed("ids", TEXTS))
    blocks = (FILTER,)

    def read(self, aws: Aws, asked: Values) -> Values:
        """Ask EC2."""
        pages = aws("ec2").get_paginator("describe_volumes").paginate(Filters=filters(asked))
        found = sorted(one["VolumeId"] for page in pages for one in page["Volumes"])
        return {"id": aws("ec2").meta.region_name, "ids": found}


KINDS = (Volume, VolumeAttachment)
LOOKUPS = (Volumes,)
