"""Which terraform there is."""

import subprocess

import msgspec

from dco.model.finding import Finding, Mark
from dco.providers.terraform.command import find

OLDEST = (1, 5)


def look() -> Finding:
    """Look whether terraform is there and new enough. Raises `ConfigurationError` when there is none."""
    binary = find(None)
    done = subprocess.run([str(binary), "version", "-json"], capture_output=True, text=True, check=False, timeout=60)
    try:
        version = str(msgspec.json.decode(done.stdout, type=dict[str, object])["terraform_version"])
    except (msgspec.DecodeError, KeyError):
        words = (done.stderr or done.stdout).strip()[:200]
        return Finding(Mark.NG, "terraform", f"{binary} does not tell its version: {words}", "install Terraform")
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        return Finding(Mark.NG, "terraform", f"{version} is too old", "install Terraform 1.5 or OpenTofu 1.6, or newer")
    return Finding(Mark.OK, "terraform", f"{binary.name} {version}")
