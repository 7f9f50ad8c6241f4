"""The release record: what was last deployed and verified in an environment. Detection compares with it."""

import msgspec

from dco.model.canonical import fingerprint
from dco.model.environment import Stack


class ApplicationRelease(msgspec.Struct, frozen=True, kw_only=True):
    """One application as released: its image's digest and the fingerprint of the files that went into it."""

    image: str
    content: str
    task_definitions: dict[str, str] = {}
    """Task family → revision ARN that was released."""


class StackRelease(msgspec.Struct, frozen=True, kw_only=True):
    """One Terraform stack as released: its configuration's fingerprint, inputs and resolved data sources."""

    content: str
    inputs: str
    data_sources: dict[str, str] = {}
    """Data source address → fingerprint of what it resolved to."""
    var_files: list[str] = []
    variables: dict[str, str] = {}
    """The inputs themselves, as `dco.toml` named them then: files of the released commit, and values."""

    def as_released(self, stack: Stack) -> Stack:
        """Return a stack with the inputs that it was released with; its slots are read from AWS as they are today."""
        return msgspec.structs.replace(stack, var_files=self.var_files, variables=self.variables)


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What serves, as proved by a night or read by `adopt`."""

    environment: str
    revision: str
    """The git commit everything below was released from."""
    night: str
    at: str
    applications: dict[str, ApplicationRelease] = {}
    stacks: dict[str, StackRelease] = {}
    databases: dict[str, str] = {}
    """Database name → its slot's value."""
    workflows: dict[str, str] = {}
    """Workflow path → fingerprint of its meaning."""
    surroundings: dict[str, dict[str, str]] | None = None
    """`KIND/NAME` → fact → value, of settings, security groups, roles and parameters; None where nobody looked."""

    @property
    def fingerprint(self) -> str:
        """One fingerprint of all that serves; the night and the time do not count."""
        return fingerprint((self.environment, self.applications, self.stacks, self.databases, self.workflows))
