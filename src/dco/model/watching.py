"""What `dco.toml` says about changes outside of the repository: what is wanted, where it is asked, how patient we are.

A table that is not there is a source that is not asked.
"""

from typing import Literal

from dco.model.section import Section


class MachineImage(Section, frozen=True, kw_only=True):
    """Which machine image a database's (or another) instance should have.

    Exactly one of `parameter`, `name` and `id` says which; exactly one of `database` and `tags` says whose it is.
    """

    database: str | None = None
    """A database of this file; its instances carry the tag `dco:database` with its name."""
    tags: dict[str, str] = {}
    """Other instances, by their tags."""
    parameter: str | None = None
    """An SSM parameter that names the image; a public one is always the newest."""
    name: str | None = None
    """The newest image of `owner` with such a name; `*` stands for any characters."""
    owner: str | None = None
    """An account or an alias; ids of accounts differ between regions, so prefer an alias."""
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    id: str | None = None
    """Always this one."""
    soak_days: float = 7
    """A new image is offered when it is so old."""
    urgent: dict[str, str] = {}
    """Image → what it fixes: it is offered at once."""

    def __post_init__(self) -> None:
        """Refuse a table that names no image or several."""
        named = [key for key in ("parameter", "name", "id") if getattr(self, key)]
        if len(named) != 1:
            raise ValueError("say exactly one of parameter, name and id")
        if bool(self.name) != bool(self.owner):
            raise ValueError("name and owner belong together")
        if bool(self.database) == bool(self.tags):
            raise ValueError("say exactly one of database and tags")


class Neo4jVersions(Section, frozen=True, kw_only=True):
    """How far the databases follow Neo4j's releases."""

    follow: Literal["patch", "minor", "newest"] = "patch"
    """Farther steps are shown, and nothing is asked for."""
    neo4j_soak_days: float = 7
    artifact: str = "org.neo4j:neo4j"


class LockFile(Section, frozen=True, kw_only=True):
    """A lock file of what ships: npm's, a Python requirements file, `uv.lock` or `pylock.toml`."""

    lock: str
    """Its path within the repository."""
    library_soak_days: float = 7
    """A newer version is shown when it is so old."""


class Pins(Section, frozen=True, kw_only=True):
    """Which pinned things are looked up: base images, actions of workflows, Terraform's providers, modules, engine."""

    base_images: bool = True
    actions: bool = True
    terraform: bool = True
    engine: Literal["hashicorp/terraform", "opentofu/opentofu"] = "hashicorp/terraform"


class AwsOfferings(Section, frozen=True, kw_only=True):
    """Which news of AWS is looked for; only what is in the stacks' state counts."""

    health: bool = False
    """Ask the Health API, which needs a paid support plan."""
    health_log: str | None = None
    """Read this log group instead, into which an EventBridge rule puts AWS Health's events; any account has them."""

    def __post_init__(self) -> None:
        """Refuse two ways to the same events."""
        if self.health and self.health_log:
            raise ValueError("say health or health_log, not both: they tell the same events")


class EndOfLife(Section, frozen=True, kw_only=True):
    """Which ends of support are watched, beside those of base images and databases."""

    table: str | None = None
    """A table of this repository instead of the one that came with dco; `dco.detect.lifetimes` tells its form."""
    runs: dict[str, str] = {}
    """Product → the release line that runs."""
    warn_days: float = 180
    """An end that is so near needs somebody's attention."""


class Registries(Section, frozen=True, kw_only=True):
    """Where packages and versions are looked up. What has no address here is not asked, and so unknown."""

    from_clients: bool = True
    """Take addresses that are missing from the configuration of pip, npm and Maven on this machine."""
    npm: str | None = None
    pypi: str | None = None
    """An index with a JSON form of the simple API."""
    maven: str | None = None
    osv: str | None = None
    github: str | None = None
    terraform: str | None = None
    lifetimes: str | None = None
    """An address with `PRODUCT.json` for each product's ends of support."""
    containers: dict[str, str] = {}
    """Host in an image's name → address of its registry."""
    request_seconds: float = 10
    requests_at_once: int = 16


class SourcePolicy(Section, frozen=True, kw_only=True):
    """How one source is asked, and what its silence means."""

    enabled: bool = True
    on_error: Literal["stop", "go-on"] | None = None
    """Without it `policy.on_unknown` holds."""
    source_seconds: float = 60


class Sources(Section, frozen=True, kw_only=True):
    """The sources outside of the repository; each may be tuned in a table of its own."""

    images: SourcePolicy = SourcePolicy()
    neo4j: SourcePolicy = SourcePolicy()
    libraries: SourcePolicy = SourcePolicy()
    pins: SourcePolicy = SourcePolicy()
    aws_offerings: SourcePolicy = SourcePolicy()
    end_of_life: SourcePolicy = SourcePolicy()
