"""What a Dockerfile's target takes from its context, and what else makes its image.

Whatever this reader does not understand is an error with file and line: an image whose content is not known must never
be called unchanged.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dco.model.errors import ConfigurationError

_KNOWN = re.compile(
    "ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME"
    "|WORKDIR",
)
_HEREDOC = re.compile(r"<<-?([\"']?)(\w+)\1")
_VARIABLE = re.compile(r"\\(.)|\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)", re.IGNORECASE)
_PAIR = re.compile(r"""(\w+)=("(?:\\.|[^"])*"|'[^']*'|\S*)""")


@dataclass(frozen=True)
class Instruction:
    """One instruction; `line` is where it begins."""

    name: str
    arguments: str
    line: int


@dataclass(frozen=True)
class Recipe:
    """What makes an image: its instructions by meaning, and what they take from the context."""

    steps: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, int], ...]
    """Path or pattern within the context, and the line that names it."""


@dataclass
class _Stage:
    position: int
    base: str
    name: str
    body: list[Instruction] = field(default_factory=list[Instruction])


def read(text: str, file: str, target: str | None) -> Recipe:
    """Return what a target takes. Raises `ConfigurationError` with file and line for what it does not understand."""
    return _Reader(file, tuple(instructions(text, file))).recipe(target)


class _Reader:
    """Follows a target's stages through the file."""

    def __init__(self, file: str, instructions: tuple[Instruction, ...]) -> None:
        self._file = file
        self._before: list[Instruction] = []
        self._stages: list[_Stage] = []
        for instruction in instructions:
            if instruction.name == "FROM":
                self._stages.append(_stage(len(self._stages), instruction))
            (self._stages[-1].body if self._stages else self._before).append(instruction)
        if not self._stages:
            raise ConfigurationError(f"{file}: there is no FROM", "name the base image")
        self._defaults = _variables(self._before, {})

    def recipe(self, target: str | None) -> Recipe:
        """Return what the target's stages are made of, in the file's order."""
        wanted = [self._stages[-1] if target is None else self._find(target)]
        used: dict[int, _Stage] = {}
        sources: list[tuple[str, int]] = []
        while wanted:
            stage = wanted.pop()
            if stage.position in used:
                continue
            used[stage.position] = stage
            wanted += self._needs(stage)
            sources += self._sources(stage)
        body = [*self._before, *(each for position in sorted(used) for each in used[position].body)]
        steps = tuple((each.name, each.arguments) for each in body)
        return Recipe(steps, tuple(sorted(set(sources))))

    def _find(self, target: str) -> _Stage:
        for stage in self._stages:
            if target.lower() in (stage.name, str(stage.position)):
                return stage
        names = ", ".join(stage.name for stage in self._stages if stage.name) or "none has a name"
        raise ConfigurationError(f"{self._file}: no stage is called {target!r}", f"its stages: {names}")

    def _needs(self, stage: _Stage) -> Iterator[_Stage]:
        """Yield the stages that a stage starts from or copies from."""
        base = _substitute(stage.base, self._defaults) or stage.base
        yield from (other for other in self._stages[: stage.position] if other.name == base.lower())
        for instruction in stage.body:
            origins = [value for name, value in _flags(instruction.arguments)[0] if name == "from"]
            if instruction.name in ("COPY", "ADD"):
                yield from (self._origin(stage, origin, instruction) for origin in origins)
            if instruction.name == "RUN":
                mounts = [_mount(value) for name, value in _flags(instruction.arguments)[0] if name == "mount"]
                yield from (self._origin(stage, mount["from"], instruction) for mount in mounts if "from" in mount)

    def _origin(self, stage: _Stage, origin: str, instruction: Instruction) -> _Stage:
        for other in self._stages[: stage.position]:
            if origin.lower() in (other.name, str(other.position)):
                return other
        raise self._error(
            instruction,
            f"{instruction.name} takes files from another image, {origin}: what it holds is not known here",
            "take that image by digest as a stage of its own (FROM … AS …), and copy from that stage",
        )

    def _sources(self, stage: _Stage) -> Iterator[tuple[str, int]]:
        variables = self._defaults | _variables(stage.body, self._defaults)
        for instruction in stage.body:
            for source in self._taken(instruction):
                path = _substitute(source, variables)
                if path is None:
                    what = f"the value of a variable in {source} is not in this file"
                    raise self._error(instruction, what, "give it a default by ARG NAME=value, or write the path out")
                yield path, instruction.line

    def _taken(self, instruction: Instruction) -> list[str]:
        """Return what an instruction takes from the context, as written."""
        flags, rest = _flags(instruction.arguments)
        if instruction.name == "RUN":
            mounts = [_mount(value) for name, value in flags if name == "mount"]
            bound = [mount for mount in mounts if mount.get("type", "bind") == "bind" and "from" not in mount]
            return [mount.get("source", mount.get("src", ".")) for mount in bound]
        if instruction.name not in ("COPY", "ADD") or any(name == "from" for name, _ in flags):
            return []
        words = self._words(instruction, rest)
        if instruction.name == "ADD" and any("://" in word or word.startswith("git@") for word in words):
            raise self._error(instruction, "ADD of an address: what it brings is not known here", "commit the file")
        return [word for word in words if not word.startswith("<<")]

    def _words(self, instruction: Instruction, rest: str) -> list[str]:
        """Return the sources of COPY and ADD: all words of the first line but the last."""
        first = rest.partition("\n")[0].strip()
        try:
            words = json.loads(first) if first.startswith("[") else first.split()
        except json.JSONDecodeError:
            words = []
        if len(words) < 2:  # noqa: PLR2004  a source and a destination
            raise self._error(instruction, f"{instruction.name} without source and destination", "write both")
        return [str(word) for word in words[:-1]]

    def _error(self, instruction: Instruction, what: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(f"{self._file}:{instruction.line}: {what}", remedy)


def _stage(position: int, origin: Instruction) -> _Stage:
    words = [word for word in origin.arguments.split() if not word.startswith("--")]
    named = len(words) == 3 and words[1].upper() == "AS"  # noqa: PLR2004  base AS name
    return _Stage(position, words[0] if words else "", words[2].lower() if named else "")


def _flags(arguments: str) -> tuple[list[tuple[str, str]], str]:
    """Split `--name=value` off the front of an instruction's arguments."""
    found: list[tuple[str, str]] = []
    rest = arguments.lstrip()
    while match := re.match(r"--([\w-]+)(?:=(\S+))?\s+", rest):
        found.append((match[1], match[2] or ""))
        rest = rest[match.end() :]
    return found, rest


def _mount(value: str) -> dict[str, str]:
    return {name: text for name, _, text in (part.partition("=") for part in value.split(","))}


def _variables(body: list[Instruction], outer: Mapping[str, str]) -> dict[str, str]:
    """Return the defaults of ARG and the values of ENV; an ARG without one has that of before the first FROM."""
    found: dict[str, str] = {}
    for instruction in body:
        if instruction.name == "ARG" and "=" not in instruction.arguments:
            found |= {name: outer[name] for name in instruction.arguments.split() if name in outer}
        elif instruction.name in ("ARG", "ENV"):
            found |= {name: value.strip("\"'") for name, value in _PAIR.findall(instruction.arguments)}
    return found


def _substitute(text: str, variables: Mapping[str, str]) -> str | None:
    """Replace variables; None when one has no value."""
    names = [m for m in _VARIABLE.finditer(text) if m[1] is None]
    if any(m[4] is None and (m[2] or m[3]) not in variables for m in names):
        return None
    return _VARIABLE.sub(lambda m: m[1] if m[1] is not None else variables.get(m[2] or m[3], m[4] or ""), text)


def instructions(text: str, file: str) -> Iterator[Instruction]:
    """Yield a Dockerfile's instructions. Raises `ConfigurationError` with file and line for one that is not known."""
    lines = text.removeprefix("\ufeff").splitlines()
    escape = "\\"
    if lines and (directive := _ESCAPE.match(lines[0])):
        escape = directive[1]
    at = 0
    while at < len(lines):
        begun, logical, at = _logical(lines, at, escape)
        if not logical:
            continue
        name, _, arguments = re.sub(r"^(\w+)\s+", r"\1 ", logical).partition(" ")
        if not _KNOWN.fullmatch(name.upper()):
            what = f"{file}:{begun}: {name} is no instruction that dco knows"
            raise ConfigurationError(what, "correct it; until then nobody can tell what the image holds")
        body, at = _heredocs(lines, at, name.upper(), arguments)
        yield Instruction(name.upper(), arguments.strip() + body, begun)


def _logical(lines: list[str], at: int, escape: str) -> tuple[int, str, int]:
    """Join what the escape character continues; comments and empty lines in between do not count."""
    begun, parts = at + 1, list[str]()
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line.strip() or line.lstrip().startswith("#"):
            if parts:
                continue
            return begun, "", at
        stripped = line.rstrip()
        if not stripped.endswith(escape):
            return begun, "".join([*parts, stripped]).strip(), at
        parts.append(stripped[: -len(escape)])
    return begun, "".join(parts).strip(), at


def _heredocs(lines: list[str], at: int, name: str, arguments: str) -> tuple[str, int]:
    """Read the bodies of an instruction's here-documents."""
    body = ""
    marks = [match[2] for match in _HEREDOC.finditer(arguments)] if name in ("RUN", "COPY", "ADD") else []
    for mark in marks:
        while at < len(lines) and lines[at].strip() != mark:
            body += "\n" + lines[at]
            at += 1
        at += 1
    return body, at
