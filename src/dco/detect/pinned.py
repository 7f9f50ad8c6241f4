"""What files pin: actions of workflows, providers, modules and the engine of Terraform stacks."""

import re
from collections.abc import Iterator

import msgspec

from dco.detect.hcl.words import without_comments

_USES = re.compile(
    r"""^\s*(?:-\s+)?["']?uses["']?\s*:\s*["']?(?P<name>[\w.-]+/[\w./-]+)@(?P<ref>[^\s"'#]+)["']?"""
    r"""(?:\s*\#\s*(?P<said>v?\d[\w.-]*))?""",
    re.MULTILINE,
)
_LOCKED = re.compile(r'provider\s+"([^"]+)"\s*\{[^{}]*?\bversion\s*=\s*"([^"]+)"', re.DOTALL)
_ENGINE = re.compile(r'\brequired_version\s*=\s*"([^"]+)"')
_MODULE = re.compile(r'\bmodule\s+"([^"]+)"\s*\{')
_TOKENS = re.compile(r'"(?:\\.|[^"\\])*"|[{}]')
_ATTRIBUTE = re.compile(r'^\s*(source|version)\s*=\s*"([^"]*)"', re.MULTILINE)
_REGISTRY = re.compile(r"[\w-]+/[\w-]+/[\w-]+(?://.*)?")


class PinnedAction(msgspec.Struct, frozen=True, order=True):
    """An action: its repository, what it is pinned to, and the version that a comment beside it names."""

    repository: str
    ref: str
    said: str
    where: str


class PinnedModule(msgspec.Struct, frozen=True, order=True):
    """A module from elsewhere: its address and version constraint ("" without one)."""

    name: str
    source: str
    constraint: str

    @property
    def address(self) -> str | None:
        """Its address in a registry; None when it comes from elsewhere."""
        return self.source.partition("//")[0] if _REGISTRY.fullmatch(self.source) else None


def actions(text: str, path: str) -> Iterator[PinnedAction]:
    """Yield the actions and shared workflows that a workflow uses from other repositories."""
    for match in _USES.finditer(text):
        repository = "/".join(match["name"].split("/")[:2])
        line = text.count("\n", 0, match.start("name")) + 1
        yield PinnedAction(repository, match["ref"], match["said"] or "", f"{path}:{line}")


def providers(text: str) -> Iterator[tuple[str, str]]:
    """Yield the address and version of every provider in a `.terraform.lock.hcl`."""
    yield from _LOCKED.findall(without_comments(text))


def engines(text: str) -> Iterator[str]:
    """Yield what a configuration file demands of the engine's version."""
    yield from _ENGINE.findall(without_comments(text))


def modules(text: str) -> Iterator[PinnedModule]:
    """Yield the modules that a configuration file takes from outside of the repository."""
    plain = without_comments(text)
    for match in _MODULE.finditer(plain):
        said = dict(_ATTRIBUTE.findall(_outermost(plain, match.end())))
        source = said.get("source", "")
        if source and not source.startswith((".", "/")):
            yield PinnedModule(match[1], source, said.get("version", ""))


def _outermost(text: str, at: int) -> str:
    """Return a block's own lines, from behind its brace to its end, without the blocks inside of it."""
    depth, begin, kept = 1, at, ""
    for token in _TOKENS.finditer(text, at):
        if token[0] == "{":
            kept += text[begin : token.start()] if depth == 1 else ""
            depth += 1
        elif token[0] == "}":
            depth -= 1
            if depth == 1:
                begin = token.end()
            if depth == 0:
                return kept + text[begin : token.start()]
    return kept
