"""Where Terraform finds this provider: a filesystem mirror, and the configuration that points at it."""

import os
import platform
import sys
from pathlib import Path

from dco_sandbox.provider import VERSION, knock

ADDRESSES = ("registry.terraform.io", "registry.opentofu.org")
"""Terraform and OpenTofu each look under a name of their own."""

SCRIPT = """#!/bin/sh
# Stands at the address of hashicorp/aws. The world that the AWS configuration belongs to may have a warm provider;
# else one is started. -P keeps the stack's own folder off the import path.
door="${{AWS_CONFIG_FILE%/aws/config}}/sandbox/provider.sock"
if [ -S "$door" ]; then
  '{python}' -I -S '{knock}' "$door" "$@"
  code=$?
  [ "$code" = 111 ] || exit "$code"
fi
exec '{python}' -P -m dco_sandbox.provider "$@"
"""


def target() -> str:
    """Give Terraform's name for this machine, such as linux_amd64."""
    machine = platform.machine().lower()
    names = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    return f"{sys.platform.rstrip('0123456789')}_{names.get(machine, machine)}"


def install(mirror: Path, python: Path | None = None) -> Path:
    """Write the mirror's layout below `mirror` and give the provider's file. May be called again.

    A file already right is left alone: Terraform records its hash in the stack's lock file.
    """
    script = SCRIPT.format(python=python or sys.executable, knock=Path(knock.__file__))
    for address in ADDRESSES:
        place = mirror / address / "hashicorp" / "aws" / VERSION / target()
        _write(place / f"terraform-provider-aws_v{VERSION}", script)
    return mirror / ADDRESSES[0] / "hashicorp" / "aws" / VERSION / target() / f"terraform-provider-aws_v{VERSION}"


def _write(path: Path, script: str) -> None:
    if path.exists() and path.read_text() == script:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(script)
    fresh.chmod(0o755)
    # Two worlds may be set up at once: the last rename wins and each is whole.
    fresh.replace(path)


def cli_config(mirror: Path) -> str:
    """Give the CLI configuration (TF_CLI_CONFIG_FILE) that takes hashicorp/aws from `mirror` and only there."""
    names = ", ".join(f'"{address}/hashicorp/aws"' for address in ADDRESSES)
    return f"""disable_checkpoint = true

provider_installation {{
  filesystem_mirror {{
    path    = "{mirror}"
    include = [{names}]
  }}
  direct {{
    exclude = [{names}]
  }}
}}
"""
