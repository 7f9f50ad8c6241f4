"""How a world is spoken to from outside its daemon: environment, AWS clients, the daemon's control API."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dco_sandbox.world import World, WorldError

if TYPE_CHECKING:
    import boto3

FOUNDER = "AKIASANDBOXFOUNDER00"
"""The key of who makes a world, before there are users; no user has it, and the endpoint asks nobody's."""


def environment(world: World, profile: str = "default") -> dict[str, str]:
    """Return the environment in which `dco`, `terraform` and `aws` work on a world as one of its users."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_CONFIG_FILE": str(world.aws_config),
        "AWS_SHARED_CREDENTIALS_FILE": str(world.aws_credentials),
        "AWS_PROFILE": profile,
        "AWS_EC2_METADATA_DISABLED": "true",
        "TF_CLI_CONFIG_FILE": str(world.terraform_rc),
        "CHECKPOINT_DISABLE": "1",
    }


def founder(world: World) -> "boto3.Session":
    """Return a session of who makes the world; clients still need `endpoint_url=world.endpoint`."""
    import boto3  # noqa: PLC0415 - half a second that `--help` need not take

    return boto3.Session(aws_access_key_id=FOUNDER, aws_secret_access_key=FOUNDER, region_name=world.region)


def control(world: World, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Ask the daemon's control API; `WorldError` when no daemon answers or it refuses."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{world.endpoint}/_sandbox/{path}", data=content, method=method)  # noqa: S310 - http by construction
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            value = json.load(answer)
    except (urllib.error.URLError, OSError) as error:
        raise WorldError(f"nothing answers at {world.endpoint}: {error}", f"dco-sandbox up {world.directory}") from None
    if isinstance(value, dict) and "error" in value:
        raise WorldError(f"the daemon refuses: {value['error']}", "see the rules' keys in `dco-sandbox break --help`")
    return value
