"""What a release record would say now: by the same code as detection, so that a deployment leaves no difference."""

from dco.detect import application, stack, workflow
from dco.detect.selection import inputs, meaning, select
from dco.model.environment import Application, Environment
from dco.model.errors import ConfigurationError
from dco.model.look import Contents
from dco.model.release import ApplicationRelease, Release, StackRelease
from dco.seams.outside import Outside
from dco.seams.source import Source


def contents_of(environment: Environment, source: Source, revision: str) -> Contents:
    """Return what a revision's files mean. Raises `ConfigurationError` for what can't be read."""
    workflows = workflow.read(environment.workflows, source, revision)
    for value in workflows.values():
        if not isinstance(value, str):
            raise value
    stacks = {
        name: meaning(configured, select(configured, source, revision), source, revision)
        for name, configured in environment.stacks.items()
    }
    return Contents(
        applications={
            name: application.image_of(configured, source, revision).content
            for name, configured in environment.applications.items()
        },
        stacks=stacks,
        inputs={name: inputs(configured) for name, configured in environment.stacks.items()},
        workflows={path: value for path, value in workflows.items() if isinstance(value, str)},
    )


def released_of(environment: Environment, source: Source, revision: str) -> Release:
    """Return the release that a revision's files alone would make: what an offline look compares with."""
    contents = contents_of(environment, source, revision)
    applications = {
        name: ApplicationRelease(image="", content=content) for name, content in contents.applications.items()
    }
    return _release(environment, revision, contents, applications)


def released_now(environment: Environment, outside: Outside, revision: str, night: str, at: str) -> Release:
    """Return what serves, read from what runs and from a revision's files.

    Raises `ConfigurationError` for a slot that is missing, and what the seams raise.
    """
    contents = contents_of(environment, outside.source, revision)
    applications = {
        name: _application(configured, contents.applications[name], outside)
        for name, configured in environment.applications.items()
    }
    data_sources: dict[str, dict[str, str]] = {}
    for name, configured in environment.stacks.items():
        place = outside.directory / "detect" / name
        data_sources[name] = stack.plan(configured, outside.stacks, outside.source, revision, place).data_sources
    databases = {name: _slot(database.slot, outside) for name, database in environment.databases.items()}
    return _release(environment, revision, contents, applications, data_sources, databases, night, at)


def _release(  # noqa: PLR0917  # a record has that many parts
    environment: Environment,
    revision: str,
    contents: Contents,
    applications: dict[str, ApplicationRelease],
    data_sources: dict[str, dict[str, str]] | None = None,
    databases: dict[str, str] | None = None,
    night: str = "",
    at: str = "",
) -> Release:
    resolved = data_sources or {}
    return Release(
        environment=environment.name,
        revision=revision,
        night=night,
        at=at,
        applications=applications,
        stacks={
            name: StackRelease(
                content=content,
                inputs=contents.inputs[name],
                data_sources=resolved.get(name, {}),
                var_files=environment.stacks[name].var_files,
                variables=environment.stacks[name].variables,
            )
            for name, content in contents.stacks.items()
        },
        databases=databases or {},
        workflows=contents.workflows,
    )


def _application(configured: Application, content: str, outside: Outside) -> ApplicationRelease:
    revisions = {family: outside.services.newest(family) for family in configured.families}
    for service in configured.services.values():
        revisions[service.family] = outside.services.rollout(service.cluster, service.name, service.container).revision
    image = _slot(configured.image_parameter, outside)
    return ApplicationRelease(image=image, content=content, task_definitions=dict(sorted(revisions.items())))


def _slot(parameter: str, outside: Outside) -> str:
    value = outside.parameters.get(parameter)
    if value is None:
        raise ConfigurationError(f"the parameter {parameter} does not exist", "create it, or correct it in dco.toml")
    return value
