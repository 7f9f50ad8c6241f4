"""What a release record would say now: by the same code as detection, so that a deployment leaves no difference."""

import posixpath
from collections.abc import Callable, Iterable

import msgspec

from dco.detect import stack, surroundings, workflow
from dco.detect.image import image_of
from dco.detect.selection import inputs, meaning, select
from dco.model.change import Change
from dco.model.environment import Application, Environment
from dco.model.errors import ConfigurationError, DcoError
from dco.model.look import Contents
from dco.model.release import ApplicationRelease, Release, StackRelease
from dco.seams.outside import Outside
from dco.seams.source import Source


def contents_of(environment: Environment, source: Source, revision: str) -> Contents:
    """Return what a revision's files mean. Raises `ConfigurationError` for what can't be read."""
    contents, unread = read_contents(environment, source, revision)
    for error in unread.values():
        raise error
    return contents


def read_contents(environment: Environment, source: Source, revision: str) -> tuple[Contents, dict[str, DcoError]]:
    """Return what a revision's files mean, and the components of which that can't be read, each with its reason."""
    unread: dict[str, DcoError] = {}

    def each(kind: str, names: Iterable[str], ask: Callable[[str], str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in names:
            try:
                found[name] = ask(name)
            except DcoError as error:
                unread[f"{kind}:{name}"] = error
        return found

    def stack_of(name: str) -> str:
        configured = environment.stacks[name]
        return meaning(configured, select(configured, source, revision), source, revision)

    workflows = workflow.read(environment.workflows, source, revision)
    below = environment.workflows.directory.rstrip("/") + "/"
    unread |= {f"workflow:{path.removeprefix(below)}": e for path, e in workflows.items() if isinstance(e, DcoError)}
    contents = Contents(
        applications=each(
            "application",
            environment.applications,
            lambda name: image_of(environment.applications[name], source, revision).content,
        ),
        stacks=each("stack", environment.stacks, stack_of),
        inputs={name: inputs(configured) for name, configured in environment.stacks.items()},
        workflows={path: value for path, value in workflows.items() if isinstance(value, str)},
    )
    return contents, unread


def released_of(environment: Environment, source: Source, revision: str) -> Release:
    """Return the release that files alone would make. Raises `ConfigurationError` for what can't be read."""
    return release_of(environment, revision, contents_of(environment, source, revision))


def release_of(environment: Environment, revision: str, contents: Contents) -> Release:
    """Return the release that what files mean would make: what an offline look compares with."""
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
    release = _release(environment, revision, contents, applications, data_sources, databases, night, at)
    if environment.drift is None or not environment.drift.surroundings:
        return release
    facts = outside.surroundings.facts(surroundings.wanted(environment, release))
    return msgspec.structs.replace(release, surroundings=facts)


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


def without_put_off(made: Release, before: Release | None, changes: Iterable[Change]) -> Release:
    """Return a record in which what policy put off stands as it was: it was not deployed, and must be found again."""
    off = {change.component for change in changes if change.put_off}
    if before is None or not off:
        return made
    contents = {name: one.content for name, one in before.applications.items() if f"application:{name}" in off}
    applications = {
        name: msgspec.structs.replace(one, content=contents.get(name, one.content))
        for name, one in made.applications.items()
    }
    stacks = {name: one for name, one in before.stacks.items() if f"stack:{name}" in off}
    workflows = {path: one for path, one in before.workflows.items() if f"workflow:{posixpath.basename(path)}" in off}
    facts = {name: one for name, one in (before.surroundings or {}).items() if f"drift:{name}" in off}
    new = {path for path in made.workflows if f"workflow:{posixpath.basename(path)}" in off} - set(before.workflows)
    return msgspec.structs.replace(
        made,
        applications=applications,
        stacks=made.stacks | stacks,
        workflows={path: one for path, one in (made.workflows | workflows).items() if path not in new},
        surroundings=None if made.surroundings is None else made.surroundings | facts,
    )
