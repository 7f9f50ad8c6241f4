"""Build an image from a Dockerfile: stages in order, each a list of layers, each layer a tree of files."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dco_sandbox.images.context import Context, resolve, select
from dco_sandbox.images.dockerfile import (
    Instruction,
    Recipe,
    Stage,
    exec_form,
    pairs,
    parse,
    substitute,
    words_of,
)
from dco_sandbox.images.store import Image, Settings, save
from dco_sandbox.images.tree import Tree
from dco_sandbox.images.wheels import InstallError, layer
from dco_sandbox.world import World

_BASE = re.compile(r"(?:[\w.-]+/)*python:3[\w.-]*(?:@sha256:[0-9a-f]{64})?")
_FLAGS = frozenset({"--no-cache-dir", "--require-hashes", "--no-deps", "--no-compile", "--disable-pip-version-check"})
_KEPT = frozenset({"--require-hashes", "--no-deps"})
_INSTALL = re.compile(r"^(?:python3? -m )?pip3? install (?P<rest>.+)$", re.DOTALL)


@dataclass(frozen=True)
class Built:
    """A stage, built so far."""

    layers: tuple[Tree, ...] = ()
    settings: Settings = field(default_factory=Settings)
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> Tree:
        """All layers in one tree, the later over the earlier."""
        return {path: item for tree in self.layers for path, item in tree.items()}

    @property
    def scope(self) -> Mapping[str, str]:
        """What `$NAME` means here: ENV goes before ARG."""
        return {**self.variables, **self.settings.environment}

    def with_layer(self, tree: Tree) -> "Built":
        """Add a layer."""
        return replace(self, layers=(*self.layers, tree))

    def with_settings(self, **changes: object) -> "Built":
        """Change what the config will say."""
        return replace(self, settings=replace(self.settings, **changes))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Site:
    """Where a build takes place: the context, the ARGs given, and the stages built before this one."""

    context: Context
    given: Mapping[str, str]
    outer: Mapping[str, str]
    stages: Mapping[str, Built]


def build(
    world: World,
    context: Path,
    file: Path,
    *,
    target: str | None = None,
    arguments: Mapping[str, str] | None = None,
) -> Image:
    """Build a Dockerfile's stage into a world's store; BuildError says which line can't be built, and why."""
    recipe = parse(file.read_text(), str(file))
    wanted = recipe.stage(target)
    given = arguments or {}
    outer = _outer_arguments(recipe, given)
    around = Context.read(context, file)
    stages: dict[str, Built] = {}
    for stage in _needed(recipe, wanted, outer):
        stages[stage.name] = _build_stage(stage, Site(around, given, outer, stages))
    done = stages[wanted.name]
    return save(world, done.layers, done.settings)


def _needed(recipe: Recipe, wanted: Stage, outer: Mapping[str, str]) -> list[Stage]:
    """Give the stages that the wanted one is made of, itself last; others are not built."""
    names, index = {wanted.name}, recipe.stages.index(wanted)
    chosen = [wanted]
    for stage in reversed(recipe.stages[: index + 1]):
        if stage.name not in names:
            continue
        if stage is not wanted:
            chosen.insert(0, stage)
        names.add(substitute(stage.base, outer).lower())
        for instruction in stage.instructions:
            names.update(re.findall(r"--from=(\S+)", instruction.arguments.lower()))
    return chosen


def _outer_arguments(recipe: Recipe, given: Mapping[str, str]) -> dict[str, str]:
    outer: dict[str, str] = {}
    for instruction in recipe.arguments:
        outer.update(_argument(instruction, outer, given, {}))
    return outer


def _build_stage(stage: Stage, site: Site) -> Built:
    built = _begin(stage, site)
    for instruction in stage.instructions:
        built = _VERBS[instruction.name](built, instruction, site)
    return built


def _begin(stage: Stage, site: Site) -> Built:
    base = substitute(stage.base, site.outer)
    if base.lower() in site.stages:
        return replace(site.stages[base.lower()], variables={})
    if not _BASE.fullmatch(base):
        raise stage.origin.refuse(f"FROM {base}: the sandbox builds from python:3… images or earlier stages only")
    path = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"}
    return Built(settings=Settings(environment=path))


def _argument(
    instruction: Instruction,
    scope: Mapping[str, str],
    given: Mapping[str, str],
    outer: Mapping[str, str],
) -> dict[str, str]:
    name, _, default = (words_of(instruction, scope) or [""])[0].partition("=")
    if not name:
        raise instruction.refuse("ARG wants a name")
    return {name: given.get(name, default or outer.get(name, ""))}


def _arg(built: Built, instruction: Instruction, site: Site) -> Built:
    more = _argument(instruction, built.scope, site.given, site.outer)
    return replace(built, variables={**built.variables, **more})


def _env(built: Built, instruction: Instruction, _: Site) -> Built:
    more = pairs(instruction, built.scope)
    return built.with_settings(environment={**built.settings.environment, **more})


def _label(built: Built, instruction: Instruction, _: Site) -> Built:
    return built.with_settings(labels={**built.settings.labels, **pairs(instruction, built.scope)})


def _workdir(built: Built, instruction: Instruction, _: Site) -> Built:
    path = substitute(instruction.arguments, built.scope).strip("\"'")
    return built.with_settings(working_directory="/" + resolve(built.settings.working_directory, path))


def _user(built: Built, instruction: Instruction, _: Site) -> Built:
    return built.with_settings(user=substitute(instruction.arguments, built.scope))


def _expose(built: Built, instruction: Instruction, _: Site) -> Built:
    ports = [f"{port.split('/')[0]}/tcp" for port in words_of(instruction, built.scope)]
    return built.with_settings(ports=tuple(sorted({*built.settings.ports, *ports})))


def _cmd(built: Built, instruction: Instruction, _: Site) -> Built:
    return built.with_settings(command=exec_form(instruction))


def _entrypoint(built: Built, instruction: Instruction, _: Site) -> Built:
    return built.with_settings(entrypoint=exec_form(instruction), command=())


def _copy(built: Built, instruction: Instruction, site: Site) -> Built:
    flags, paths = _flags(instruction, words_of(instruction, built.scope), {"--from", "--chown"})
    if len(paths) < 2:  # noqa: PLR2004  a source and a destination
        raise instruction.refuse("COPY wants at least one source and a destination")
    origin = flags.get("--from", "").lower()
    if origin and origin not in site.stages:
        raise instruction.refuse(f"COPY --from={origin}: no earlier stage has this name")
    files = site.stages[origin].files if origin else site.context.files
    copied = select(files, paths[:-1], built.settings.working_directory, paths[-1], instruction)
    if not origin:
        copied = site.context.read_in(copied, instruction)
    return built.with_layer(copied)


def _run(built: Built, instruction: Instruction, _: Site) -> Built:
    words = " ".join(words_of(instruction, built.scope))
    match = _INSTALL.match(words)
    if match is None or re.search(r"&&|\||;|\$\(", words):
        raise instruction.refuse(
            "RUN: the sandbox runs nothing but `pip install --target DIR -r FILE`; "
            f"it has no container to run `{words[:60]}` in"
        )
    options, target, lock = _install_options(instruction, match["rest"].split())
    source = built.files.get(resolve(built.settings.working_directory, lock))
    if source is None:
        raise instruction.refuse(f"pip install -r {lock}: COPY the file into this stage first")
    try:
        installed = layer(source.source, options)
    except InstallError as error:
        raise instruction.refuse(str(error)) from error
    root = resolve(built.settings.working_directory, target)
    return built.with_layer({f"{root}/{path}": item for path, item in installed.items()})


def _install_options(instruction: Instruction, words: Sequence[str]) -> tuple[list[str], str, str]:
    """Read pip's options: those that decide what is installed, the target, the lock file."""
    kept: list[str] = []
    values: dict[str, str] = {}
    names = {"--target": "--target", "-t": "--target", "-r": "-r", "--requirement": "-r"}
    rest = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    while rest:
        word = rest.pop(0)
        if word in names and rest:
            values[names[word]] = rest.pop(0)
        elif word == "--only-binary" and rest:
            rest.pop(0)
        elif word in _FLAGS:
            kept += [word] if word in _KEPT else []
        else:
            raise instruction.refuse(f"RUN pip install: the sandbox doesn't know {word}")
    if set(values) != {"--target", "-r"}:
        raise instruction.refuse("RUN pip install wants --target DIR and -r FILE")
    return sorted(kept), values["--target"], values["-r"]


def _flags(instruction: Instruction, words: Sequence[str], known: set[str]) -> tuple[dict[str, str], list[str]]:
    flags: dict[str, str] = {}
    paths = list(words)
    while paths and paths[0].startswith("--"):
        name, _, value = paths.pop(0).partition("=")
        if name not in known:
            raise instruction.refuse(f"{instruction.name} {name}: the sandbox doesn't build this option")
        flags[name] = value
    if any(path.startswith("<<") for path in paths):
        raise instruction.refuse(f"{instruction.name} with a here-document isn't built by the sandbox")
    return flags, paths


_VERBS: Mapping[str, Callable[[Built, Instruction, Site], Built]] = {
    "ARG": _arg,
    "CMD": _cmd,
    "COPY": _copy,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "LABEL": _label,
    "RUN": _run,
    "USER": _user,
    "WORKDIR": _workdir,
}
