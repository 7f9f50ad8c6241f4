"""What a container finds in its environment: plain values, and secrets from SSM and Secrets Manager.

Follows the Amazon ECS Developer Guide, "Pass sensitive data to an Amazon ECS container": a secret is read once,
when the task starts; one that can't be read keeps the task from starting.
"""

import json
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from dco_sandbox.world import World

_SECRET_ARN_PARTS = 7


class SecretUnavailableError(Exception):
    """A secret can't be read; the message is what ECS gives as the reason of a ResourceInitializationError."""


def resolve(world: World, value_from: str) -> str:
    """Return the value behind a `valueFrom`: an SSM name or ARN, or a secret's ARN (`…:json-key:stage:version`)."""
    if ":secretsmanager:" in value_from:
        return _from_secrets_manager(world, value_from)
    return _from_ssm(world, value_from)


def environment(world: World, definition: dict[str, Any]) -> dict[str, str]:
    """Return the variables that a container definition asks for; raises SecretUnavailableError."""
    plain = {item["name"]: item["value"] for item in definition.get("environment") or []}
    secret = {item["name"]: resolve(world, item["valueFrom"]) for item in definition.get("secrets") or []}
    return {**plain, **secret}


def _from_ssm(world: World, reference: str) -> str:
    try:
        parameter = ssm_backends[world.account][world.region].get_parameter(reference)
    except ServiceException:
        parameter = None
    value = None if parameter is None else parameter.decrypt(parameter.value)
    if value is None:
        raise SecretUnavailableError(
            "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve "
            f"secrets from ssm: service call has been retried 1 time(s): invalid parameters: {reference}"
        )
    return value


def _from_secrets_manager(world: World, reference: str) -> str:
    parts = reference.split(":")
    arn = ":".join(parts[:_SECRET_ARN_PARTS])
    key, stage, version = [*parts[_SECRET_ARN_PARTS:], "", "", ""][:3]
    try:
        answer = secretsmanager_backends[world.account][world.region].get_secret_value(
            arn, version, stage or "AWSCURRENT"
        )
    except (JsonRESTError, ServiceException) as error:
        raise SecretUnavailableError(
            "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve "
            f"secret from asm: service call has been retried 1 time(s): failed to fetch secret {arn}: {error}"
        ) from error
    text = str(answer["SecretString"])
    if not key:
        return text
    found: dict[str, Any] = json.loads(text)
    if key not in found:
        raise SecretUnavailableError(
            "unable to pull secrets or registry auth: execution resource retrieval failed: retrieved secret from "
            f"Secrets Manager did not contain json key {key}"
        )
    return str(found[key])
