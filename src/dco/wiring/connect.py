"""Connects the seams of an environment to the real world."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dco.model.environment import Environment
from dco.operations.image_build import ImageBuild
from dco.operations.operation import Operation
from dco.operations.service_roll import ServiceRoll
from dco.operations.stack_apply import StackApply
from dco.operations.workflow_accept import WorkflowAccept
from dco.providers.aws.alarms import CloudWatchAlarms
from dco.providers.aws.fleet import AwsFleet
from dco.providers.aws.identity import StsIdentity
from dco.providers.aws.images import AwsImages
from dco.providers.aws.notices import AwsNotices
from dco.providers.aws.objects import S3Objects
from dco.providers.aws.parameters import AwsParameters
from dco.providers.aws.services import EcsServices
from dco.providers.aws.session import AwsSession
from dco.providers.clock import SystemClock
from dco.providers.commands import LocalCommands
from dco.providers.git import GitSource
from dco.providers.graph import Neo4jGraphs
from dco.providers.registries.catalogue import HttpCatalogue
from dco.providers.terraform.stacks import TerraformStacks
from dco.providers.web import HttpWeb
from dco.record.journal import ChainedJournal
from dco.seams.outside import Outside

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
    parameters = AwsParameters(aws)
    return Outside(
        directory=own,
        alarms=CloudWatchAlarms(aws),
        catalogue=HttpCatalogue(environment.registries),
        clock=SystemClock(),
        fleet=AwsFleet(aws),
        commands=LocalCommands(own / "commands", directory, aws.environment()),
        graphs=Neo4jGraphs(parameters),
        identity=StsIdentity(aws),
        images=AwsImages(aws, parameters),
        notices=AwsNotices(aws, environment.notify),
        objects=S3Objects(aws, environment.state.bucket),
        parameters=parameters,
        services=EcsServices(aws),
        source=GitSource(directory, ignore=(environment.state.directory,)),
        stacks=TerraformStacks(own / "stacks", directory, aws.environment()),
        web=HttpWeb(),
    )


def operations(environment: Environment, outside: Outside) -> dict[str, Operation]:
    """Return every operation by its name."""
    made: tuple[Operation, ...] = (
        ImageBuild(environment, outside),
        ServiceRoll(environment, outside),
        StackApply(environment, outside),
        WorkflowAccept(),
    )
    return {operation.name: operation for operation in made}


def note(outside: Outside, sentence: str) -> None:
    """Write what a person did to the journal."""
    now = outside.clock.now()
    ChainedJournal(outside.objects, outside.clock).write("-", "person", sentence, f"person {now} {os.getpid()}")
