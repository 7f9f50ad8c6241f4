"""Read the subset of a Dockerfile that the sandbox builds; all else is refused by name, with file and line."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dco_sandbox.images.errors import BuildError

INSTRUCTIONS = frozenset(
    {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "LABEL", "RUN", "USER", "WORKDIR"}
)
_VARIABLE = re.compile(r"\\(.)|\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
_CONTINUED = re.compile(r"\\[ \t]*$")


@dataclass(frozen=True)
class Instruction:
    """One instruction with the place where it begins, for messages."""

    name: str
    arguments: str
    file: str
    line: int

    def refuse(self, what: str) -> BuildError:
        """Make the error that names this instruction's place."""
        return BuildError(f"{self.file}:{self.line}: {what}")


@dataclass(frozen=True)
class Stage:
    """What stands between one FROM and the next."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]
    origin: Instruction


@dataclass(frozen=True)
class Recipe:
    """A whole Dockerfile: the ARGs before the first FROM, and its stages in order."""

    arguments: tuple[Instruction, ...]
    stages: tuple[Stage, ...]

    def stage(self, name: str | None) -> Stage:
        """Give the stage with this name, or the last one; BuildError lists the names there are."""
        if name is None:
            return self.stages[-1]
        for stage in self.stages:
            if stage.name == name:
                return stage
        there = ", ".join(stage.name for stage in self.stages)
        raise BuildError(f"no stage is called {name!r}; there are: {there}")


def parse(text: str, file: str) -> Recipe:
    """Read a Dockerfile's text. `file` is only for messages."""
    before: list[Instruction] = []
    stages: list[tuple[Instruction, str, str, list[Instruction]]] = []
    for instruction in _instructions(text, file):
        if instruction.name == "FROM":
            base, name = _origin(instruction, len(stages))
            stages.append((instruction, base, name, []))
        elif stages:
            stages[-1][3].append(instruction)
        elif instruction.name == "ARG":
            before.append(instruction)
        else:
            raise instruction.refuse(f"{instruction.name} before the first FROM")
    if not stages:
        raise BuildError(f"{file}: no FROM instruction")
    built = (Stage(name, base, tuple(body), origin) for origin, base, name, body in stages)
    return Recipe(tuple(before), tuple(built))


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$NAME`, `${NAME}` and `${NAME:-default}`; a name that isn't set becomes empty, as with Docker."""

    def value(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1] if match[1] == "$" else match[0]
        return variables.get(match[2] or match[3], "") or match[4] or ""

    return _VARIABLE.sub(value, text)


def pairs(instruction: Instruction, variables: Mapping[str, str]) -> dict[str, str]:
    """Read `NAME=value NAME="other value"`, as ENV and LABEL have it (the old form `ENV NAME value` as well)."""
    words = words_of(instruction, variables)
    if words and "=" not in words[0]:
        return {words[0]: " ".join(words[1:])}
    if not words or not all("=" in word for word in words):
        raise instruction.refuse(f"{instruction.name} wants NAME=value")
    return dict(word.split("=", 1) for word in words)


def words_of(instruction: Instruction, variables: Mapping[str, str]) -> list[str]:
    """Split an instruction's arguments as a shell would, after replacing variables."""
    try:
        return shlex.split(substitute(instruction.arguments, variables))
    except ValueError as error:
        raise instruction.refuse(f"{error} in {instruction.name} {instruction.arguments}") from None


def exec_form(instruction: Instruction) -> tuple[str, ...]:
    """Read `["program", "argument"]`; the shell form is refused, since there may be no shell in an image."""
    try:
        words = json.loads(instruction.arguments)
    except json.JSONDecodeError:
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        wanted = json.dumps(instruction.arguments.split())
        raise instruction.refuse(f"{instruction.name} in shell form; write {instruction.name} {wanted}")
    return tuple(words)


def _instructions(text: str, file: str) -> Iterator[Instruction]:
    for line, logical in _logical_lines(text):
        name, _, arguments = logical.partition(" ")
        instruction = Instruction(name.upper(), arguments.strip(), file, line)
        if instruction.name not in INSTRUCTIONS:
            known = ", ".join(sorted(INSTRUCTIONS))
            raise instruction.refuse(f"the sandbox doesn't build {instruction.name}; it builds {known}")
        yield instruction


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Join what a backslash continues; comments and empty lines in between are dropped, as Docker does."""
    begun, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        begun = begun if parts else number
        parts.append(_CONTINUED.sub("", line).strip())
        if not _CONTINUED.search(line):
            yield begun, re.sub(r"^(\w+)\s+", r"\1 ", " ".join(filter(None, parts)))
            parts = []
    if parts:
        yield begun, " ".join(parts)


def _origin(instruction: Instruction, position: int) -> tuple[str, str]:
    words = instruction.arguments.split()
    if words and words[0].startswith("--"):
        raise instruction.refuse(f"FROM {words[0].split('=')[0]} isn't built by the sandbox")
    if len(words) == 1:
        return words[0], str(position)
    if len(words) == 3 and words[1].upper() == "AS":  # noqa: PLR2004  FROM base AS name
        return words[0], words[2].lower()
    raise instruction.refuse("FROM wants `FROM base` or `FROM base AS name`")
