"""EC2's machines."""

import base64
from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Lookup, given, wait_until
from dco_sandbox.provider.schema import (
    BOOL,
    NUMBER,
    TAGS,
    TEXT_SET,
    TEXTS,
    Block,
    computed,
    either,
    optional,
    required,
)
from dco_sandbox.provider.vpc import Ec2Kind, marked, tags_of
from dco_sandbox.provider.wire import Values

ENDED = {"terminated", "shutting-down"}
BOOT_SECONDS = 300.0


class Instance(Ec2Kind):
    """A machine."""

    name = "aws_instance"
    attributes = (
        computed("id"),
        computed("arn"),
        required("ami", new=True),
        required("instance_type"),
        either("subnet_id", new=True),
        either("private_ip", new=True),
        either("vpc_security_group_ids", TEXT_SET),
        optional("iam_instance_profile"),
        optional("user_data"),
        either("user_data_replace_on_change", BOOL, False),
        either("disable_api_termination", BOOL, False),
        either("ebs_optimized", BOOL, False, new=True),
        either("monitoring", BOOL, False),
        computed("availability_zone"),
        computed("instance_state"),
        computed("private_dns"),
        *TAGS,
    )
    blocks = (
        Block(
            "metadata_options",
            (
                optional("http_endpoint", default="enabled"),
                optional("http_tokens", default="optional"),
                optional("http_put_response_hop_limit", NUMBER, default=1),
            ),
            most=1,
        ),
        Block(
            "root_block_device",
            (
                optional("encrypted", BOOL, new=True),
                optional("volume_size", NUMBER),
                optional("volume_type"),
                optional("delete_on_termination", BOOL, default=True),
            ),
            most=1,
        ),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Start the machine."""
        ids = given(SubnetId=want["subnet_id"], SecurityGroupIds=want["vpc_security_group_ids"])
        profile = want["iam_instance_profile"]
        made = aws("ec2").run_instances(
            ImageId=want["ami"],
            InstanceType=want["instance_type"],
            MinCount=1,
            MaxCount=1,
            EbsOptimized=want["ebs_optimized"],
            DisableApiTermination=want["disable_api_termination"],
            Monitoring={"Enabled": want["monitoring"]},
            **ids,
            **given(UserData=want["user_data"], PrivateIpAddress=want["private_ip"]),
            **({"IamInstanceProfile": {"Name": profile}} if profile else {}),
            **_metadata(want),
            **marked("instance", want),
        )
        return {"id": made["Instances"][0]["InstanceId"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Wait until it runs."""
        wait_until(f"instance {state['id']} to run", lambda: state_of(aws, state["id"]) == "running", BOOT_SECONDS)

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the machine, and for what only its attributes tell."""
        ec2 = aws("ec2")
        found = _described(aws, have["id"])
        if found is None or found["State"]["Name"] in ENDED:
            return None
        lock = ec2.describe_instance_attribute(InstanceId=have["id"], Attribute="disableApiTermination")
        options = found.get("MetadataOptions") or {}
        real: Values = {
            "arn": f"arn:aws:ec2:{ec2.meta.region_name}:{found.get('OwnerId', '')}:instance/{have['id']}",
            "ami": found["ImageId"],
            "instance_type": found["InstanceType"],
            "subnet_id": found.get("SubnetId"),
            "private_ip": found.get("PrivateIpAddress"),
            "private_dns": found.get("PrivateDnsName"),
            "vpc_security_group_ids": [g["GroupId"] for g in found["SecurityGroups"]],
            "availability_zone": found["Placement"]["AvailabilityZone"],
            "instance_state": found["State"]["Name"],
            "disable_api_termination": bool((lock.get("DisableApiTermination") or {}).get("Value")),
            "tags_all": tags_of(found),
            **_user_data(ec2, have["id"]),
        }
        if options and have.get("metadata_options"):
            real["metadata_options"] = [
                {
                    "http_endpoint": options.get("HttpEndpoint"),
                    "http_tokens": options.get("HttpTokens"),
                    "http_put_response_hop_limit": options.get("HttpPutResponseHopLimit"),
                }
            ]
        return real

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Change what can be changed; a new type or script needs a stop and a start."""
        ec2, one = aws("ec2"), {"InstanceId": have["id"]}
        if sorted(have["vpc_security_group_ids"] or []) != sorted(want["vpc_security_group_ids"] or []):
            ec2.modify_instance_attribute(Groups=want["vpc_security_group_ids"], **one)
        if have["disable_api_termination"] != want["disable_api_termination"]:
            lock = {"Value": want["disable_api_termination"]}
            ec2.modify_instance_attribute(DisableApiTermination=lock, **one)
        changed = [k for k in ("instance_type", "user_data") if have[k] != want[k]]
        if changed:
            self._change_stopped(aws, have["id"], {k: want[k] for k in changed})

    def _change_stopped(self, aws: Aws, machine: str, change: Values) -> None:
        ec2 = aws("ec2")
        ec2.stop_instances(InstanceIds=[machine])
        wait_until(f"instance {machine} to stop", lambda: state_of(aws, machine) == "stopped", BOOT_SECONDS)
        if "instance_type" in change:
            value = {"Value": change["instance_type"]}
            ec2.modify_instance_attribute(InstanceId=machine, InstanceType=value)
        if "user_data" in change:
            script = {"Value": (change["user_data"] or "").encode()}
            ec2.modify_instance_attribute(InstanceId=machine, UserData=script)
        ec2.start_instances(InstanceIds=[machine])
        wait_until(f"instance {machine} to run", lambda: state_of(aws, machine) == "running", BOOT_SECONDS)

    def delete(self, aws: Aws, have: Values) -> None:
        """Terminate it and wait."""
        aws("ec2").terminate_instances(InstanceIds=[have["id"]])
        ended = {"terminated", ""}
        wait_until(f"the end of {have['id']}", lambda: state_of(aws, have["id"]) in ended, BOOT_SECONDS)


def _metadata(want: Values) -> dict[str, Any]:
    if not want["metadata_options"]:
        return {}
    asked = want["metadata_options"][0]
    hops = asked["http_put_response_hop_limit"]
    options = given(
        HttpEndpoint=asked["http_endpoint"],
        HttpTokens=asked["http_tokens"],
        HttpPutResponseHopLimit=None if hops is None else int(hops),
    )
    return {"MetadataOptions": options}


def _user_data(ec2: Any, machine: str) -> Values:
    answer = ec2.describe_instance_attribute(InstanceId=machine, Attribute="userData")
    text = (answer.get("UserData") or {}).get("Value")
    return {"user_data": base64.b64decode(text).decode()} if text else {}


def _described(aws: Aws, machine: str) -> dict[str, Any] | None:
    found = aws("ec2").describe_instances(InstanceIds=[machine])["Reservations"]
    return found[0]["Instances"][0] if found else None


def state_of(aws: Aws, machine: str) -> str:
    """Give a machine's state, nothing when EC2 has forgotten it."""
    found = _described(aws, machine)
    return found["State"]["Name"] if found else ""


FILTER = Block("filter", (required("name"), required("values", TEXT_SET)), as_set=True)
"""EC2's filters, as every lookup of several things takes them."""


def filters(asked: Values) -> list[dict[str, Any]]:
    """Give filters as EC2 wants them."""
    return [{"Name": one["name"], "Values": sorted(one["values"])} for one in asked["filter"] or []]


class Instances(Lookup):
    """Which machines there are; none is an answer, too."""

    name = "aws_instances"
    attributes = (
        computed("id"),
        either("instance_state_names", TEXT_SET),
        computed("ids", TEXTS),
        computed("private_ips", TEXTS),
    )
    blocks = (FILTER,)

    def read(self, aws: Aws, asked: Values) -> Values:
        """Ask EC2; only running ones unless states are named."""
        states = sorted(asked["instance_state_names"] or ["running"])
        wanted = [*filters(asked), {"Name": "instance-state-name", "Values": states}]
        pages = aws("ec2").get_paginator("describe_instances").paginate(Filters=wanted)
        found = [one for page in pages for each in page["Reservations"] for one in each["Instances"]]
        return {
            "id": aws("ec2").meta.region_name,
            "instance_state_names": states,
            "ids": sorted(one["InstanceId"] for one in found),
            "private_ips": sorted(one["PrivateIpAddress"] for one in found if "PrivateIpAddress" in one),
        }


KINDS = (Instance,)
LOOKUPS = (Instances,)
