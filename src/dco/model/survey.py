"""What `init` finds: in the repository, and in the account when credentials work."""

import msgspec


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """An ECS service that was found."""

    cluster: str
    name: str
    family: str
    container: str
    image: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds that a dco.toml could name."""

    account: str
    services: tuple[Running, ...] = ()
    families: dict[str, str] = {}
    """Task families that are no service's → the image of their newest revision."""
    parameters: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """What a repository holds that a dco.toml could name; paths are relative to it."""

    name: str
    dockerfiles: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()
    """Directories that are Terraform roots: they name a backend or a provider."""
    var_files: dict[str, tuple[str, ...]] = {}
    """Stack → its variable files."""
    backends: dict[str, tuple[str, ...]] = {}
    """Stack → its backend configurations."""
    workflows: str | None = None


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said, or was taken as said; empty where nobody knows."""

    name: str
    region: str
    bucket: str = ""
    family: str = ""
    """The offering's task family."""
    command: tuple[str, ...] = ()
    """The offering's command; wins over the family."""
