"""`seams.surroundings.Surroundings`: settings of services, security groups, roles, parameters. Reads only.

Few calls, because every night makes them: groups and roles are listed whole, and those that are used are picked.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

from dco.model.canonical import canonical
from dco.model.errors import Unreadable
from dco.providers.aws.errors import asking
from dco.providers.aws.services import EcsServices
from dco.providers.aws.session import AwsSession
from dco.providers.aws.trail import Trail
from dco.seams.surroundings import Facts, Trace, Wanted

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import FilterTypeDef

_SETTINGS = (
    "deploymentConfiguration", "networkConfiguration", "loadBalancers", "serviceRegistries", "launchType",
    "capacityProviderStrategy", "platformVersion", "enableExecuteCommand", "healthCheckGracePeriodSeconds",
    "propagateTags", "schedulingStrategy", "deploymentController",
)  # fmt: skip
"""Not the number of tasks: that is autoscaling's."""
_AT_ONCE = 10
_SECRET = "SecureString"  # noqa: S105 - the name of a type


class AwsSurroundings:
    """Asks AWS; every page of an answer is read."""

    def __init__(self, aws: AwsSession, services: EcsServices) -> None:
        self._aws = aws
        self._services = services
        self._trail = Trail(aws)

    def facts(self, wanted: Wanted) -> Facts:
        """See `Surroundings.facts`."""
        found: Facts = {}
        groups: set[str] = set()
        for cluster, name in wanted.services:
            settings = self._settings(cluster, name)
            found[f"settings/{name}"] = {key: _text(value) for key, value in settings.items()}
            network = settings.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
            groups |= set(network.get("securityGroups", []))
        definitions = [self._services.definition(revision) for revision in wanted.revisions]
        groups |= self._groups_of_machines(wanted.databases)
        found |= self._security_groups(groups)
        found |= self._roles(
            {str(one[key]) for one in definitions for key in ("taskRoleArn", "executionRoleArn") if one.get(key)}
        )
        found |= self._parameters({*wanted.parameters, *_parameters_of(definitions)})
        return found

    def last_change(self, kind: str, name: str, since: str) -> Trace | None:
        """See `Surroundings.last_change`."""
        return self._trail.last(kind, name, since)

    def _settings(self, cluster: str, name: str) -> dict[str, Any]:
        with asking(f"read the settings of service {name}"):
            described = self._aws.ecs.describe_services(cluster=cluster, services=[name])["services"]
        if not described:
            raise Unreadable(f"ECS did not tell the settings of service {name}", "see whether it is there")
        service = cast("dict[str, Any]", described[0])
        return {key: service[key] for key in _SETTINGS if key in service}

    def _groups_of_machines(self, databases: Iterable[str]) -> set[str]:
        names = sorted(databases)
        if not names:
            return set()
        filters: list[FilterTypeDef] = [
            {"Name": "tag:dco:database", "Values": names},
            {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
        ]
        with asking("read the databases' machines"):
            pages = self._aws.ec2.get_paginator("describe_instances").paginate(Filters=filters)
            machines = [one for page in pages for group in page["Reservations"] for one in group.get("Instances", [])]
        return {group.get("GroupId", "") for one in machines for group in one.get("SecurityGroups", [])}

    def _security_groups(self, used: set[str]) -> Facts:
        """Return the rules of the groups that are used, and of those from which their rules let in."""
        if not used:
            return {}
        with asking("read the security groups"):
            pages = self._aws.ec2.get_paginator("describe_security_groups").paginate()
            listed = [cast("dict[str, Any]", one) for page in pages for one in page["SecurityGroups"]]
        by_id = {str(one["GroupId"]): one for one in listed}
        if missing := sorted(used - set(by_id)):
            raise Unreadable(f"EC2 did not tell the rules of {', '.join(missing)}", "see whether they are there")
        sources = {
            pair["GroupId"]
            for name in used
            for rule in by_id[name].get("IpPermissions", [])
            for pair in rule.get("UserIdGroupPairs", [])
        }
        known = sorted(name for name in used | sources if name in by_id)
        return {f"security-group/{name}": dict.fromkeys(_rules(by_id[name]), "yes") for name in known}

    def _roles(self, arns: set[str]) -> Facts:
        """Return what the roles may do and who may take them on; one listing of the account, instead of many calls."""
        if not arns:
            return {}
        with asking("read what the roles of the tasks may do"):
            asked = self._aws.iam.get_paginator("get_account_authorization_details")
            pages = list(asked.paginate(Filter=["Role", "LocalManagedPolicy"]))
        listed = {one.get("Arn", ""): cast("dict[str, Any]", one) for page in pages for one in page["RoleDetailList"]}
        versions = {one.get("Arn", ""): one.get("DefaultVersionId", "") for page in pages for one in page["Policies"]}
        if missing := sorted(arns - set(listed)):
            raise Unreadable(f"IAM did not tell what {', '.join(missing)} may do", "see whether it is there")
        return {f"role/{listed[arn]['RoleName']}": _role(listed[arn], versions) for arn in sorted(arns)}

    def _parameters(self, names: set[str]) -> Facts:
        found: Facts = {}
        ordered = sorted(names)
        for at in range(0, len(ordered), _AT_ONCE):
            with asking("read the parameters of the tasks"):
                answer = self._aws.ssm.get_parameters(Names=ordered[at : at + _AT_ONCE])
            for one in answer["Parameters"]:
                secret = one.get("Type") == _SECRET
                said = f"version {one.get('Version', 0)}" if secret else str(one.get("Value", ""))
                found[f"parameter/{one.get('Name', '')}"] = {"value": said, "type": str(one.get("Type", ""))}
            found |= {f"parameter/{name}": {} for name in answer.get("InvalidParameters", [])}
        return found


def _parameters_of(definitions: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the names of the parameters that containers are given; secrets of Secrets Manager are none."""
    containers = [one for definition in definitions for one in definition.get("containerDefinitions", [])]
    named = [str(secret.get("valueFrom", "")) for one in containers for secret in one.get("secrets", [])]
    return {
        f"/{name.rpartition(':parameter/')[2]}" if ":parameter/" in name else name
        for name in named
        if ":secretsmanager:" not in name
    }


def _rules(group: Mapping[str, Any]) -> Iterable[str]:
    """Yield each rule of a group as words: direction, protocol, ports, and one source or target."""
    for direction, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        for rule in group.get(key, []):
            ports = f" {rule['FromPort']}-{rule['ToPort']}" if "FromPort" in rule else ""
            peers = [one["CidrIp"] for one in rule.get("IpRanges", [])]
            peers += [one["CidrIpv6"] for one in rule.get("Ipv6Ranges", [])]
            peers += [one["GroupId"] for one in rule.get("UserIdGroupPairs", [])]
            peers += [one["PrefixListId"] for one in rule.get("PrefixListIds", [])]
            yield from (f"{direction} {rule.get('IpProtocol')}{ports} {peer}" for peer in peers)


def _role(role: Mapping[str, Any], versions: Mapping[str, str]) -> dict[str, str]:
    facts = {"trust": _text(role.get("AssumeRolePolicyDocument"))}
    facts |= {f"policy {one['PolicyName']}": _text(one["PolicyDocument"]) for one in role.get("RolePolicyList", [])}
    for one in role.get("AttachedManagedPolicies", []):
        facts[f"attached {one['PolicyArn']}"] = versions.get(one["PolicyArn"], "AWS's own")
    if boundary := role.get("PermissionsBoundary"):
        facts["boundary"] = str(boundary.get("PermissionsBoundaryArn"))
    return facts


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(msgspec.to_builtins(value)).decode()
