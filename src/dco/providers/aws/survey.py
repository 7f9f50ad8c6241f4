"""What an account holds that a dco.toml could name. Reads only."""

from typing import TYPE_CHECKING, Any

from dco.model.survey import Account, Running
from dco.providers.aws.errors import asking
from dco.providers.aws.session import AwsSession

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ServiceTypeDef

_SERVICES_AT_ONCE = 10


def survey(aws: AwsSession) -> Account:
    """Look through an account. Raises `ConfigurationError` without usable credentials, `Unreadable` otherwise."""
    account = aws.account()
    with asking("look through the account"):
        services = _services(aws)
        return Account(
            account=account,
            services=services,
            families=_families(aws, {service.family for service in services}),
            parameters=_names(aws.ssm, "describe_parameters", "Parameters", "Name"),
            secrets=_names(aws.secretsmanager, "list_secrets", "SecretList", "Name"),
            alarms=_names(aws.cloudwatch, "describe_alarms", "MetricAlarms", "AlarmName"),
            buckets=tuple(sorted(str(bucket.get("Name")) for bucket in aws.s3.list_buckets().get("Buckets", []))),
        )


def _services(aws: AwsSession) -> tuple[Running, ...]:
    clusters = [arn for page in aws.ecs.get_paginator("list_clusters").paginate() for arn in page["clusterArns"]]
    return tuple(running for cluster in clusters for running in _of_cluster(aws, cluster))


def _of_cluster(aws: AwsSession, cluster: str) -> list[Running]:
    pages = aws.ecs.get_paginator("list_services").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["serviceArns"]]
    found: list[Running] = []
    for begin in range(0, len(arns), _SERVICES_AT_ONCE):
        chunk = arns[begin : begin + _SERVICES_AT_ONCE]
        described = aws.ecs.describe_services(cluster=cluster, services=chunk)["services"]
        found += [_running(aws, cluster, service) for service in described]
    return found


def _running(aws: AwsSession, cluster: str, service: "ServiceTypeDef") -> Running:
    definition = aws.ecs.describe_task_definition(taskDefinition=service.get("taskDefinition", ""))["taskDefinition"]
    containers = definition.get("containerDefinitions", [])
    main = next((one for one in containers if one.get("essential", True)), None) or containers[0]
    return Running(
        cluster=cluster.rpartition("/")[2],
        name=service.get("serviceName", ""),
        family=definition.get("family", ""),
        container=main.get("name", ""),
        image=main.get("image", ""),
    )


def _families(aws: AwsSession, of_services: set[str]) -> dict[str, str]:
    pages = aws.ecs.get_paginator("list_task_definition_families").paginate(status="ACTIVE")
    names = sorted({family for page in pages for family in page["families"]} - of_services)
    return {name: _image(aws, name) for name in names}


def _image(aws: AwsSession, family: str) -> str:
    containers = aws.ecs.describe_task_definition(taskDefinition=family)["taskDefinition"].get("containerDefinitions")
    return containers[0].get("image", "") if containers else ""


def _names(client: Any, call: str, listed: str, key: str) -> tuple[str, ...]:
    pages = client.get_paginator(call).paginate()
    return tuple(sorted(str(one[key]) for page in pages for one in page.get(listed, [])))
