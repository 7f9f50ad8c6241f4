"""IAM: roles, their policies, instance profiles."""

import json
import urllib.parse
from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, given, pairs, unpaired
from dco_sandbox.provider.schema import BOOL, NUMBER, TAGS, computed, either, optional, required
from dco_sandbox.provider.settle import same_json
from dco_sandbox.provider.wire import Values


def document(value: Any) -> str:
    """Give a policy as text: botocore has mostly decoded it already."""
    if isinstance(value, str):
        return urllib.parse.unquote(value)
    return json.dumps(value)


class Role(Kind):
    """Who may be assumed by whom."""

    name = "aws_iam_role"
    attributes = (
        computed("id"),
        computed("arn"),
        computed("unique_id"),
        required("name", new=True),
        required("assume_role_policy", same=same_json),
        optional("description"),
        either("path", default="/", new=True),
        either("max_session_duration", NUMBER, 3600),
        optional("permissions_boundary"),
        either("force_detach_policies", BOOL, False),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the role."""
        aws("iam").create_role(
            RoleName=want["name"],
            AssumeRolePolicyDocument=want["assume_role_policy"],
            Path=want["path"],
            MaxSessionDuration=int(want["max_session_duration"]),
            Tags=pairs(want["tags_all"]),
            **given(Description=want["description"], PermissionsBoundary=want["permissions_boundary"]),
        )
        return {"id": want["name"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the role."""
        found = aws("iam").get_role(RoleName=have["id"])["Role"]
        return {
            "arn": found["Arn"],
            "unique_id": found["RoleId"],
            "assume_role_policy": document(found["AssumeRolePolicyDocument"]),
            "description": found.get("Description"),
            "path": found["Path"],
            "max_session_duration": found.get("MaxSessionDuration", 3600),
            "permissions_boundary": (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
            "tags_all": unpaired(found.get("Tags")),
        }

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Set trust, text, session length and boundary."""
        iam, one = aws("iam"), {"RoleName": have["id"]}
        if not same_json(have["assume_role_policy"], want["assume_role_policy"]):
            iam.update_assume_role_policy(PolicyDocument=want["assume_role_policy"], **one)
        duration = int(want["max_session_duration"])
        iam.update_role(Description=want["description"] or "", MaxSessionDuration=duration, **one)
        if have["permissions_boundary"] != want["permissions_boundary"]:
            if want["permissions_boundary"]:
                iam.put_role_permissions_boundary(PermissionsBoundary=want["permissions_boundary"], **one)
            else:
                iam.delete_role_permissions_boundary(**one)

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Change tags."""
        if remove:
            aws("iam").untag_role(RoleName=have["id"], TagKeys=remove)
        if add:
            aws("iam").tag_role(RoleName=have["id"], Tags=pairs(add))

    def delete(self, aws: Aws, have: Values) -> None:
        """End it, its policies detached first when that is asked for."""
        iam, one = aws("iam"), {"RoleName": have["id"]}
        if have["force_detach_policies"]:
            for policy in iam.list_role_policies(**one)["PolicyNames"]:
                iam.delete_role_policy(PolicyName=policy, **one)
            for policy in iam.list_attached_role_policies(**one)["AttachedPolicies"]:
                iam.detach_role_policy(PolicyArn=policy["PolicyArn"], **one)
        iam.delete_role(**one)


class RolePolicy(Kind):
    """A policy inside a role."""

    name = "aws_iam_role_policy"
    attributes = (
        computed("id"),
        required("name", new=True),
        required("role", new=True),
        required("policy", same=same_json),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Put the policy."""
        aws("iam").put_role_policy(RoleName=want["role"], PolicyName=want["name"], PolicyDocument=want["policy"])
        return {"id": f"{want['role']}:{want['name']}"}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the policy."""
        found = aws("iam").get_role_policy(RoleName=have["role"], PolicyName=have["name"])
        return {"policy": document(found["PolicyDocument"])}

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002 - the seam's shape
        """Put the policy anew."""
        self.create(aws, want)

    def delete(self, aws: Aws, have: Values) -> None:
        """Take it out."""
        aws("iam").delete_role_policy(RoleName=have["role"], PolicyName=have["name"])


class RolePolicyAttachment(Kind):
    """A managed policy on a role."""

    name = "aws_iam_role_policy_attachment"
    attributes = (computed("id"), required("role", new=True), required("policy_arn", new=True))

    def create(self, aws: Aws, want: Values) -> Values:
        """Attach it."""
        aws("iam").attach_role_policy(RoleName=want["role"], PolicyArn=want["policy_arn"])
        return {"id": f"{want['role']}-{want['policy_arn']}"}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Look for it among the role's."""
        found = aws("iam").list_attached_role_policies(RoleName=have["role"])["AttachedPolicies"]
        return {} if have["policy_arn"] in {p["PolicyArn"] for p in found} else None

    def delete(self, aws: Aws, have: Values) -> None:
        """Detach it."""
        aws("iam").detach_role_policy(RoleName=have["role"], PolicyArn=have["policy_arn"])


class InstanceProfile(Kind):
    """What gives a role to a machine."""

    name = "aws_iam_instance_profile"
    attributes = (
        computed("id"),
        computed("arn"),
        required("name", new=True),
        optional("role"),
        either("path", default="/", new=True),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the profile."""
        tags = pairs(want["tags_all"])
        aws("iam").create_instance_profile(InstanceProfileName=want["name"], Path=want["path"], Tags=tags)
        return {"id": want["name"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Put the role into it."""
        if state["role"]:
            aws("iam").add_role_to_instance_profile(InstanceProfileName=state["id"], RoleName=state["role"])

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the profile."""
        found = aws("iam").get_instance_profile(InstanceProfileName=have["id"])["InstanceProfile"]
        roles = found.get("Roles") or []
        return {
            "arn": found["Arn"],
            "path": found["Path"],
            "role": roles[0]["RoleName"] if roles else None,
            "tags_all": unpaired(found.get("Tags")),
        }

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Change the role inside."""
        if have["role"] != want["role"]:
            if have["role"]:
                aws("iam").remove_role_from_instance_profile(InstanceProfileName=have["id"], RoleName=have["role"])
            self.arrange(aws, {**want, "id": have["id"]})

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Change tags."""
        if remove:
            aws("iam").untag_instance_profile(InstanceProfileName=have["id"], TagKeys=remove)
        if add:
            aws("iam").tag_instance_profile(InstanceProfileName=have["id"], Tags=pairs(add))

    def delete(self, aws: Aws, have: Values) -> None:
        """Empty and end it."""
        if have["role"]:
            aws("iam").remove_role_from_instance_profile(InstanceProfileName=have["id"], RoleName=have["role"])
        aws("iam").delete_instance_profile(InstanceProfileName=have["id"])


KINDS = (Role, RolePolicy, RolePolicyAttachment, InstanceProfile)
