"""SSM: parameters, as resource and as data."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, Lookup, given, pairs, unpaired
from dco_sandbox.provider.schema import BOOL, NUMBER, TAGS, computed, either, optional, required
from dco_sandbox.provider.wire import Values


class Parameter(Kind):
    """A parameter that Terraform owns."""

    name = "aws_ssm_parameter"
    attributes = (
        computed("id"),
        computed("arn"),
        computed("version", NUMBER, volatile=True),
        required("name", new=True),
        required("type"),
        required("value", sensitive=True),
        optional("description"),
        either("tier", default="Standard"),
        either("data_type", default="text"),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Put the parameter; one that is there already is an error, not overwritten."""
        aws("ssm").put_parameter(**_asked(want), Overwrite=False, Tags=pairs(want["tags_all"]))
        return {"id": want["name"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the value and the tags."""
        ssm = aws("ssm")
        found = ssm.get_parameter(Name=have["id"], WithDecryption=True)["Parameter"]
        tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=have["id"])["TagList"]
        return {
            "arn": found["ARN"],
            "version": found["Version"],
            "type": found["Type"],
            "value": found["Value"],
            "tags_all": unpaired(tags),
        }

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Put a new version when anything but the tags changed."""
        if any(have[k] != want[k] for k in ("type", "value", "description", "tier")):
            aws("ssm").put_parameter(**_asked(want), Overwrite=True)

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Change tags."""
        one = {"ResourceType": "Parameter", "ResourceId": have["id"]}
        if remove:
            aws("ssm").remove_tags_from_resource(TagKeys=remove, **one)
        if add:
            aws("ssm").add_tags_to_resource(Tags=pairs(add), **one)

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws("ssm").delete_parameter(Name=have["id"])


def _asked(want: Values) -> dict[str, Any]:
    return {
        "Name": want["name"],
        "Type": want["type"],
        "Value": want["value"],
        "Tier": want["tier"],
        "DataType": want["data_type"],
        **given(Description=want["description"]),
    }


class ParameterLookup(Lookup):
    """A parameter that someone else owns: `insecure_value` is the value of one that is no secret."""

    name = "aws_ssm_parameter"
    attributes = (
        computed("id"),
        computed("arn"),
        required("name"),
        computed("type"),
        computed("value", sensitive=True),
        computed("insecure_value"),
        computed("version", NUMBER),
        optional("with_decryption", BOOL),
    )

    def read(self, aws: Aws, asked: Values) -> Values:
        """Ask for the parameter."""
        decrypt = asked["with_decryption"] is not False
        found = aws("ssm").get_parameter(Name=asked["name"], WithDecryption=decrypt)["Parameter"]
        return {
            "id": found["Name"],
            "arn": found["ARN"],
            "type": found["Type"],
            "value": found["Value"],
            "insecure_value": None if found["Type"] == "SecureString" else found["Value"],
            "version": found["Version"],
        }


KINDS = (Parameter,)
LOOKUPS = (ParameterLookup,)
