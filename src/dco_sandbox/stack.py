"""The world's first `terraform init` and `apply`, with the stand-in for the AWS provider."""

import subprocess
from pathlib import Path

from dco_sandbox import access, cache
from dco_sandbox.provider import install
from dco_sandbox.world import World, WorldError

ROOT = "infra"
BACKEND = "production.s3.tfbackend"
VARIABLES = ("production.tfvars", "sandbox.tfvars")
_LAST_LINES = 30


def prepare_terraform(world: World) -> None:
    """Put the provider's stand-in into the world's mirror and the mirror into its CLI configuration."""
    # of the world alone: another clone would write its own interpreter into a shared one, and Terraform checks the file
    mirror = world.sandbox / "terraform-mirror"
    install.install(mirror)
    world.terraform_rc.write_text(install.cli_config(mirror))


def init(world: World) -> None:
    """Initialise the stack; doing it again changes nothing."""
    _terraform(world, "init", "-input=false", "-no-color", f"-backend-config={BACKEND}")


def apply(world: World, *only: str) -> None:
    """Apply the stack as it stands in the repository, or some modules of it; doing it again changes nothing."""
    target = [f"-target={module}" for module in only]
    variables = [f"-var-file={name}" for name in VARIABLES]
    _terraform(world, "apply", "-input=false", "-auto-approve", "-no-color", *variables, *target)


def directory(world: World) -> Path:
    """Return where the stack's root module is."""
    return world.repo / ROOT


def _terraform(world: World, *arguments: str) -> None:
    done = subprocess.run(
        [str(cache.terraform()), *arguments],
        cwd=directory(world),
        env=access.environment(world),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    log = world.sandbox / "logs" / f"terraform-{arguments[0]}.log"
    log.write_text(done.stdout)
    if done.returncode:
        said = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-_LAST_LINES:])
        raise WorldError(f"terraform {arguments[0]} failed:\n{said}", f"see {log}, then run `up` again")
