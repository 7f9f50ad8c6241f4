"""What `dco.toml` says, as frozen values. The documented example of every key is generated from these classes."""

from typing import Literal

import msgspec

from dco.model.databases import Backup, Database, Redeploy
from dco.model.policy import Policy
from dco.model.section import Section
from dco.model.watching import (
    AwsOfferings,
    EndOfLife,
    LockFile,
    MachineImage,
    Neo4jVersions,
    Pins,
    Registries,
    Sources,
)


class Aws(Section, frozen=True, kw_only=True):
    """The account and region, and where credentials come from if not from the usual places."""

    region: str
    account: str | None = None
    """Refuse to run against any other account."""
    profile: str | None = None
    config_file: str | None = None
    credentials_file: str | None = None


class State(Section, frozen=True, kw_only=True):
    """Where `dco` keeps its records: a bucket with object lock, and a directory on a local disk for its engine."""

    bucket: str
    directory: str = ".dco"


class Quiet(Section, frozen=True, kw_only=True):
    """A Cypher question that must answer true before a task is stopped or a switch begins."""

    database: str
    cypher: str
    wait_seconds: float = 120


class EcsTaskOffering(Section, frozen=True, kw_only=True, tag_field="kind", tag="ecs-task"):
    """The offering is an ECS task that `dco` starts."""

    cluster: str
    task_definition: str
    network_of: str
    """The service whose subnets and security groups the task uses."""
    command: list[str] | None = None
    time_limit_seconds: float = 3600
    quiet: Quiet | None = None


class CommandOffering(Section, frozen=True, kw_only=True, tag_field="kind", tag="command"):
    """The offering is a command on this machine."""

    command: list[str]
    time_limit_seconds: float = 3600
    quiet: Quiet | None = None


class HttpOffering(Section, frozen=True, kw_only=True, tag_field="kind", tag="http"):
    """The offering is an HTTP call that returns when it has ended; any status below 300 is success."""

    url: str
    method: Literal["GET", "POST", "PUT"] = "POST"
    time_limit_seconds: float = 3600
    quiet: Quiet | None = None


class ObservedOffering(Section, frozen=True, kw_only=True, tag_field="kind", tag="observe"):
    """The offering runs elsewhere; two Cypher questions tell that it has begun tonight and that it has ended well."""

    database: str
    began: str
    ended: str
    time_limit_seconds: float = 3600
    poll_seconds: float = 5
    quiet: Quiet | None = None


Offering = EcsTaskOffering | CommandOffering | HttpOffering | ObservedOffering


class GivenBuilder(Section, frozen=True, kw_only=True, tag_field="kind", tag="given"):
    """The image was built elsewhere; a parameter names its digest, or `REPOSITORY@sha256:…`.

    `{revision}` in the parameter's name is replaced by the commit being deployed, so that an image of another is never
    taken for it.
    """

    parameter: str


class CommandBuilder(Section, frozen=True, kw_only=True, tag_field="kind", tag="command"):
    """A command that builds and pushes; the last line it prints is `REPOSITORY@sha256:…`.

    It runs in a clean export of the revision; `{repository}`, `{revision}`, `{dockerfile}` and `{target}` are replaced.
    """

    command: list[str]
    time_limit_seconds: float = 1800


class CodeBuildBuilder(Section, frozen=True, kw_only=True, tag_field="kind", tag="codebuild"):
    """A CodeBuild project that builds and pushes; it exports `IMAGE_DIGEST`."""

    project: str
    time_limit_seconds: float = 1800


Builder = GivenBuilder | CommandBuilder | CodeBuildBuilder


class Service(Section, frozen=True, kw_only=True):
    """An ECS service that runs an application's image."""

    cluster: str
    name: str
    family: str
    container: str
    singleton: bool = False
    """A scheduler lives inside: two of it never run at the same time."""
    time_limit_seconds: float = 900


class Application(Section, frozen=True, kw_only=True):
    """What is built into one image, and the services and task families that run it."""

    repository: str
    image_parameter: str
    """The slot: the SSM parameter that names the image by digest, read by Terraform."""
    builder: Builder
    dockerfile: str = "Dockerfile"
    context: str = "."
    target: str | None = None
    services: dict[str, Service] = {}
    families: list[str] = []
    """Task families that run the image without being a service (the offering's)."""
    version_url: str | None = None
    """Asked through the load balancer; its JSON field `version_field` is the digest of what serves."""
    version_field: str = "image"
    health_url: str | None = None


class Drift(Section, frozen=True, kw_only=True):
    """What is compared with the release record beyond images, revisions and slots."""

    surroundings: bool = True
    """Settings of services, and the security groups, roles and parameters that they and the databases use."""
    history: bool = True
    """Ask CloudTrail who changed what has drifted."""


class StackInput(Section, frozen=True, kw_only=True):
    """Where a variable's value is, when a workflow takes it from the repository host. Exactly one of three."""

    parameter: str | None = None
    """An SSM parameter."""
    secret: str | None = None
    """A secret of Secrets Manager, a JSON object; `field` says which of its fields."""
    field: str = "password"
    file: str | None = None
    """A file on this machine, relative to dco.toml; its last line end does not count."""

    def __post_init__(self) -> None:
        """Refuse none and several."""
        if sum(one is not None for one in (self.parameter, self.secret, self.file)) != 1:
            raise ValueError("say exactly one of parameter, secret and file")


class Stack(Section, frozen=True, kw_only=True):
    """A Terraform root."""

    directory: str
    var_files: list[str] = []
    backend_config: list[str] = []
    variables: dict[str, str] = {}
    inputs: dict[str, StackInput] = {}
    """Variables whose values are elsewhere; they are read when Terraform is asked, and written down nowhere."""
    cli_config: str | None = None
    holds_data: list[str] = []
    """Resource types that hold data, beside those that `dco` knows."""
    time_limit_seconds: float = 1800


class Workflows(Section, frozen=True, kw_only=True):
    """Where the repository host's workflows are."""

    directory: str = ".github/workflows"


class Verify(Section, frozen=True, kw_only=True):
    """How long what was deployed is watched, and by which alarms."""

    bake_seconds: float = 60
    interval_seconds: float = 2
    alarms: list[str] = []
    failures_allowed: int = 0


class Notify(Section, frozen=True, kw_only=True):
    """Who is told when something was done, failed, waits, or takes much longer than usual."""

    webhook: str | None = None
    sns_topic: str | None = None
    slow_factor: float = 3.0


class Schedule(Section, frozen=True, kw_only=True):
    """When `dco serve` starts a night."""

    cron: str = "0 3 * * *"
    time_zone: str = "UTC"


class Environment(Section, frozen=True, kw_only=True):
    """One environment: an AWS account and region, its offering, applications, stacks and databases."""

    name: str
    aws: Aws
    state: State
    offering: Offering
    mode: Literal["observe", "act"] = "observe"
    databases: dict[str, Database] = {}
    backup: Backup = Backup()
    redeploy: Redeploy = Redeploy()
    applications: dict[str, Application] = {}
    stacks: dict[str, Stack] = {}
    workflows: Workflows = Workflows()
    verify: Verify = Verify()
    policy: Policy = Policy()
    drift: Drift | None = None
    notify: Notify = Notify()
    schedule: Schedule = Schedule()
    images: dict[str, MachineImage] = {}
    libraries: dict[str, LockFile] = {}
    neo4j: Neo4jVersions | None = None
    pins: Pins | None = None
    aws_offerings: AwsOfferings | None = None
    end_of_life: EndOfLife | None = None
    registries: Registries = Registries()
    sources: Sources = Sources()

    @property
    def without_alarms(self) -> "Environment":
        """The same environment, in which no alarm is judged: what was just done may ring one, which then calms down."""
        return msgspec.structs.replace(self, verify=msgspec.structs.replace(self.verify, alarms=[]))

    @property
    def watched(self) -> tuple[str, ...]:
        """The sources outside of the repository that are configured and not switched off."""
        configured = {
            "images": bool(self.images),
            "neo4j": self.neo4j is not None and bool(self.databases),
            "libraries": bool(self.libraries),
            "pins": self.pins is not None,
            "aws_offerings": self.aws_offerings is not None and bool(self.stacks),
            "end_of_life": self.end_of_life is not None,
        }
        return tuple(name for name, wanted in configured.items() if wanted and getattr(self.sources, name).enabled)

    def stops_at(self, source: str) -> bool:
        """Tell whether a night stops when a source can't be read."""
        tuned = getattr(self.sources, source, None)
        return ((tuned and tuned.on_error) or self.policy.on_unknown) == "stop"
