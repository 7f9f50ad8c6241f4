"""EC2's security groups, and their rules as resources of their own."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import given
from dco_sandbox.provider.schema import BOOL, NUMBER, TAGS, computed, either, optional, required
from dco_sandbox.provider.vpc import Ec2Kind, marked, tags_of
from dco_sandbox.provider.wire import Values

ANYTHING = "-1"


class SecurityGroup(Ec2Kind):
    """A group without rules."""

    name = "aws_security_group"
    attributes = (
        computed("id"),
        computed("arn"),
        either("name", new=True),
        either("description", default="Managed by Terraform", new=True),
        either("vpc_id", new=True),
        either("revoke_rules_on_delete", BOOL, False),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the group."""
        answer = aws("ec2").create_security_group(
            GroupName=want["name"],
            Description=want["description"],
            **given(VpcId=want["vpc_id"]),
            **marked("security-group", want),
        )
        return {"id": answer["GroupId"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Take away the rule that lets everything out, as the real provider does."""
        ec2 = aws("ec2")
        group = ec2.describe_security_groups(GroupIds=[state["id"]])["SecurityGroups"][0]
        if group["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=state["id"], IpPermissions=group["IpPermissionsEgress"])

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the group."""
        ec2 = aws("ec2")
        found = ec2.describe_security_groups(GroupIds=[have["id"]])["SecurityGroups"]
        if not found:
            return None
        owner = found[0].get("OwnerId", "")
        return {
            "arn": f"arn:aws:ec2:{ec2.meta.region_name}:{owner}:security-group/{have['id']}",
            "name": found[0]["GroupName"],
            "description": found[0]["Description"],
            "vpc_id": found[0]["VpcId"],
            "tags_all": tags_of(found[0]),
        }

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws("ec2").delete_security_group(GroupId=have["id"])


class Rule(Ec2Kind):
    """One rule of a group, in the direction that its subclass names."""

    egress = False
    attributes = (
        computed("id"),
        computed("arn"),
        computed("security_group_rule_id"),
        required("security_group_id", new=True),
        required("ip_protocol", new=True),
        optional("from_port", NUMBER, new=True),
        optional("to_port", NUMBER, new=True),
        optional("cidr_ipv4", new=True),
        optional("referenced_security_group_id", new=True),
        optional("prefix_list_id", new=True),
        optional("description", new=True),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Authorize the rule."""
        ec2 = aws("ec2")
        call = ec2.authorize_security_group_egress if self.egress else ec2.authorize_security_group_ingress
        answer = call(
            GroupId=want["security_group_id"],
            IpPermissions=[permission(want)],
            **marked("security-group-rule", want),
        )
        rule = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return {"id": rule, "security_group_rule_id": rule}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the rule."""
        found = aws("ec2").describe_security_group_rules(SecurityGroupRuleIds=[have["id"]])
        rules = [r for r in found["SecurityGroupRules"] if r["SecurityGroupRuleId"] == have["id"]]
        if not rules:
            return None
        rule = rules[0]
        ports = {} if rule["IpProtocol"] == ANYTHING else _ports(rule)
        return {
            "arn": rule.get("SecurityGroupRuleArn") or f"security-group-rule/{have['id']}",
            "security_group_rule_id": have["id"],
            "ip_protocol": rule["IpProtocol"],
            "cidr_ipv4": rule.get("CidrIpv4"),
            "referenced_security_group_id": (rule.get("ReferencedGroupInfo") or {}).get("GroupId"),
            "tags_all": tags_of(rule),
            **ports,
            **given(description=rule.get("Description")),
        }

    def delete(self, aws: Aws, have: Values) -> None:
        """Revoke the rule."""
        ec2 = aws("ec2")
        call = ec2.revoke_security_group_egress if self.egress else ec2.revoke_security_group_ingress
        call(GroupId=have["security_group_id"], SecurityGroupRuleIds=[have["id"]])


def _ports(rule: dict[str, Any]) -> Values:
    return {"from_port": rule.get("FromPort"), "to_port": rule.get("ToPort")}


def permission(want: Values) -> dict[str, Any]:
    """Give the rule as EC2 wants it."""
    text = given(Description=want["description"])
    asked: dict[str, Any] = {"IpProtocol": want["ip_protocol"]}
    if want["ip_protocol"] != ANYTHING:
        asked |= {"FromPort": int(want["from_port"]), "ToPort": int(want["to_port"])}
    if want["cidr_ipv4"]:
        asked["IpRanges"] = [{"CidrIp": want["cidr_ipv4"], **text}]
    if want["referenced_security_group_id"]:
        asked["UserIdGroupPairs"] = [{"GroupId": want["referenced_security_group_id"], **text}]
    if want["prefix_list_id"]:
        asked["PrefixListIds"] = [{"PrefixListId": want["prefix_list_id"], **text}]
    return asked


class IngressRule(Rule):
    """What may come in."""

    name = "aws_vpc_security_group_ingress_rule"


class EgressRule(Rule):
    """What may go out."""

    name = "aws_vpc_security_group_egress_rule"
    egress = True


KINDS = (SecurityGroup, IngressRule, EgressRule)
