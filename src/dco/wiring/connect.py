"""Connects the seams of an environment to the real world."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dco.model import slot
from dco.model.environment import Environment
from dco.operations.drift_accept import DriftAccept
from dco.operations.image_build import ImageBuild
from dco.operations.neo4j_redeploy.clearing import DatabaseClear
from dco.operations.neo4j_redeploy.joining import DatabaseJoin
from dco.operations.neo4j_redeploy.moving import DatabaseSwitch
from dco.operations.neo4j_redeploy.proving import DatabaseProve
from dco.operations.neo4j_redeploy.readying import DatabaseWarm
from dco.operations.neo4j_redeploy.retiring import DatabaseRetire
from dco.operations.neo4j_redeploy.upgrading import DatabaseUpgrade
from dco.operations.neo4j_redeploy.verifying import DatabaseVerify
from dco.operations.operation import Operation
from dco.operations.plugin_install.operation import PluginInstall
from dco.operations.service_roll import ServiceRoll
from dco.operations.stack_apply import StackApply
from dco.operations.workflow_accept import WorkflowAccept
from dco.providers.aws.alarms import CloudWatchAlarms
from dco.providers.aws.fleet import AwsFleet
from dco.providers.aws.hosts import SsmHosts
from dco.providers.aws.identity import StsIdentity
from dco.providers.aws.images import AwsImages
from dco.providers.aws.notices import AwsNotices
from dco.providers.aws.objects import S3Objects
from dco.providers.aws.parameters import AwsParameters
from dco.providers.aws.services import EcsServices
from dco.providers.aws.session import AwsSession
from dco.providers.aws.surroundings import AwsSurroundings
from dco.providers.aws.volumes import EbsVolumes
from dco.providers.clock import SystemClock
from dco.providers.commands import LocalCommands
from dco.providers.gates import HttpGates
from dco.providers.git import GitSource
from dco.providers.graph import Neo4jGraphs
from dco.providers.plugin import Neo4jServers
from dco.providers.registries.catalogue import HttpCatalogue
from dco.providers.stream import StreamCommand, kept
from dco.providers.terraform.stacks import TerraformStacks
from dco.providers.web import HttpWeb
from dco.record.journal import ChainedJournal
from dco.seams.outside import Outside
from dco.wiring import inputs

if TYPE_CHECKING:
    pass

Tell = Callable[[str], None]


def own_directory(directory: Path, environment: Environment) -> Path:
    """Return the engine's own directory."""
    return (directory / environment.state.directory).resolve()


def outside(directory: Path, environment: Environment) -> Outside:
    """Connect an environment's seams to the real world; nothing is asked yet."""
    aws = AwsSession(environment.aws, directory)
    own = own_directory(directory, environment)
    parameters, services = AwsParameters(aws), EcsServices(aws)
    return Outside(
        directory=own,
        alarms=CloudWatchAlarms(aws),
        backups=StreamCommand(environment, own, partial(_proved, aws)),
        catalogue=HttpCatalogue(environment.registries),
        clock=SystemClock(),
        fleet=AwsFleet(aws),
        commands=LocalCommands(own / "commands", directory, aws.environment()),
        gates=HttpGates(parameters),
        graphs=Neo4jGraphs(parameters),
        hosts=SsmHosts(aws, environment.state.bucket),
        identity=StsIdentity(aws),
        images=AwsImages(aws, parameters),
        notices=AwsNotices(aws, environment.notify),
        objects=S3Objects(aws, environment.state.bucket),
        parameters=parameters,
        servers=Neo4jServers(parameters),
        services=services,
        source=GitSource(directory, ignore=(environment.state.directory,)),
        stacks=TerraformStacks(
            own / "stacks", directory, aws.environment(), values=lambda stack: inputs.read(stack, parameters, directory)
        ),
        surroundings=AwsSurroundings(aws, services),
        volumes=EbsVolumes(aws),
        web=HttpWeb(),
    )


def _proved(aws: AwsSession) -> dict[str, str]:
    """Return the way to AWS for another process, if it leads to the configured account."""
    aws.account()
    return aws.environment()


def backed_up(environment: Environment) -> list[str]:
    """Return the databases that a stream keeps."""
    return list(kept(environment))


def operations(environment: Environment, outside: Outside) -> dict[str, Operation]:
    """Return every operation by its name."""
    made: tuple[Operation, ...] = (
        ImageBuild(environment, outside),
        ServiceRoll(environment, outside),
        StackApply(environment, outside),
        WorkflowAccept(),
        DriftAccept(),
        DatabaseVerify(environment, outside),
        DatabaseJoin(environment, outside),
        DatabaseProve(environment, outside),
        DatabaseWarm(environment, outside),
        DatabaseSwitch(environment, outside),
        DatabaseRetire(environment, outside),
        DatabaseUpgrade(environment, outside),
        DatabaseClear(environment, outside),
        PluginInstall(environment, outside),
    )
    return {operation.name: operation for operation in made}


def neo4j_home(environment: Environment, outside: Outside, database: str) -> str | None:
    """Return where the Neo4j is that restores a database, as far as dco.toml says it."""
    home = environment.backup.neo4j
    if home is None or "{version}" not in home or database not in environment.databases:
        return home
    parameter = environment.databases[database].slot
    return environment.backup.home(slot.read(outside.parameters.get(parameter) or "", parameter).version)


def note(outside: Outside, sentence: str) -> None:
    """Write what a person did to the journal."""
    now = outside.clock.now()
    ChainedJournal(outside.objects, outside.clock).write("-", "person", sentence, f"person {now} {os.getpid()}")
