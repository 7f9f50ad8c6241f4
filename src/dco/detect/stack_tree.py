"""A Terraform configuration as a tree of modules, in which an expression can be followed to what it comes from.

Nothing is computed: two expressions mean the same when they, and all that they refer to, are written the same.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from dco.detect.hcl.reading import blocks, overrides, values
from dco.detect.hcl.syntax import Block, Expression
from dco.detect.selection import Selection, read_texts, reads
from dco.model.canonical import fingerprint
from dco.model.environment import Stack
from dco.seams.source import Source

_SELF = re.compile(r"\[[^\]]*\]")
_CONSTANT = re.compile(r"\d+(?:\.\d+)?|true|false")
_DEEPEST = 40
_UNFOLLOWED = ('"heredoc"', '"$text"', "%{")
"""Where references stand within a text that is kept as it is written."""
NOTHING: frozenset[str] = frozenset()
DATA = frozenset({"data"})
ALL = frozenset({"data", "resource"})
"""What is followed beyond what is certain."""


@dataclass(frozen=True)
class Module:
    """A directory's blocks, by what names them; `prefix` is its address (`module.a.module.b.`)."""

    prefix: str
    directory: str
    blocks: tuple[Block, ...]
    parent: "Module | None" = None
    call: Block | None = None
    children: dict[str, "Module"] = field(default_factory=dict[str, "Module"])

    def of(self, kind: str) -> Iterator[Block]:
        """Yield the blocks of a kind."""
        return (block for block in self.blocks if block.kind == kind)


class Tree:
    """A stack's configuration at a revision. Raises `ConfigurationError` for what does not parse."""

    def __init__(self, stack: Stack, selection: Selection, source: Source, revision: str) -> None:
        """Read a stack's files."""
        self._root = posixpath.normpath(stack.directory)
        self._files = {file.path: file for file in selection.read}
        texts = read_texts(source, revision, [file for files in selection.modules.values() for file in files])
        self._parsed = {
            directory: _merged({f.path: texts[f.path] for f in files if f.path in texts})
            for directory, files in selection.modules.items()
        }
        self._may_be_left_out = len(stack.var_files) > 1
        """Several variable files may be for one environment each, and one of them may leave a default."""
        self._given: dict[str, list[Expression]] = {}
        for path, text in read_texts(source, revision, selection.variables).items():
            for name, value in values(text, path).items():
                self._given.setdefault(name, []).append(value)
        self._set = stack.variables
        self.root = self._module("", self._root, None, None, 0)
        self.lock = [
            b.meaning() for p, t in read_texts(source, revision, selection.lock).items() for b in blocks(t, p).blocks
        ]

    def modules(self) -> Iterator[Module]:
        """Yield every module, the root first; one that is called twice is there twice."""
        waiting = [self.root]
        while waiting:
            module = waiting.pop()
            yield module
            waiting += module.children.values()

    def resources(self) -> dict[str, tuple[Module, Block]]:
        """Return every resource by its address, without the keys of repetition."""
        return {
            f"{module.prefix}{'.'.join(block.labels)}": (module, block)
            for module in self.modules()
            for block in module.of("resource")
        }

    def moves(self) -> list[tuple[str, str]]:
        """Return the addresses that `moved` blocks name, from and to, without the keys of repetition."""
        found: list[tuple[str, str]] = []
        for module in self.modules():
            for block in module.of("moved"):
                if {"from", "to"} <= set(block.attributes):
                    ends = [_SELF.sub("", block.attributes[end].text.strip().strip('"')) for end in ("from", "to")]
                    found.append((module.prefix + ends[0], module.prefix + ends[1]))
        return found

    def depth(self, module: Module, expression: Expression, follow: frozenset[str]) -> str:
        """Return the fingerprint of an expression and all that it comes from.

        `follow` says what counts that may turn out the same, although it is written otherwise: data sources, resources.
        """
        found = sorted(set(self._origins(module, expression, follow, frozenset(), 0)))
        return fingerprint((self._value(module, msgspec.json.decode(expression.meaning), frozenset()), found))

    def _value(self, module: Module, plain: Any, seen: frozenset[str]) -> Any:
        """Return an expression with what variables, local values and outputs stand for put in their place."""
        if not isinstance(plain, list):
            return plain
        row = cast("list[Any]", plain)
        found: list[Any] = []
        at = 0
        while at < len(row):
            name, width = _traversal(row[at:])
            key = f"{module.prefix}{name}"
            meant = list(self._meant(module, name, NOTHING)) if name and key not in seen else []
            if meant and len(seen) < _DEEPEST:
                values = [self._put_in(scope, each, seen | {key}) for scope, each in meant]
                found.append(values[0] if len(values) == 1 else ["either", *values])
            else:
                found += [self._value(module, each, seen) for each in row[at : at + width]]
            at += width
        return _folded(found)

    def _put_in(self, scope: Module, found: Expression | str, seen: frozenset[str]) -> Any:
        return (
            ["text", found] if isinstance(found, str) else self._value(scope, msgspec.json.decode(found.meaning), seen)
        )

    def _origins(
        self, module: Module, expression: Expression, follow: frozenset[str], seen: frozenset[str], deep: int
    ) -> Iterator[str]:
        for path in reads(expression.text, module.directory, self._root, self._files):
            yield f"{posixpath.relpath(path, self._root)} {self._files[path].blob}"
        unseen = any(mark in expression.meaning for mark in _UNFOLLOWED)
        for reference in expression.references:
            key = f"{module.prefix}{reference}"
            put_in = reference.startswith(("var.", "local.", "module.")) and not unseen
            if key not in seen and deep < _DEEPEST:
                found = self._origin(module, reference, follow, seen | {key}, deep + 1)
                yield from (each for each in found if not (put_in and each.startswith(f"{reference} = ")))

    def _origin(
        self, module: Module, reference: str, follow: frozenset[str], seen: frozenset[str], deep: int
    ) -> Iterator[str]:
        for scope, found in self._meant(module, reference, follow):
            if isinstance(found, str):
                continue
            yield f"{reference} = {fingerprint(self._put_in(scope, found, NOTHING))}"
            yield from self._origins(scope, found, follow, seen, deep)

    def _meant(
        self, module: Module, reference: str, follow: frozenset[str]
    ) -> Iterator[tuple[Module, Expression | str]]:
        kind, _, name = reference.partition(".")
        if kind == "var":
            yield from self._variable(module, name)
        elif kind == "local":
            found = (block.attributes[name] for block in module.of("locals") if name in block.attributes)
            yield from ((module, each) for each in found)
        elif kind == "module":
            yield from self._output(module, name, follow)
        elif kind in {"path", "terraform", "each", "count", "self"}:
            return
        elif (of := "data" if kind == "data" else "resource") in follow:
            labels = tuple(reference.split(".")[-2:])
            for block in (each for each in module.of(of) if each.labels == labels):
                yield from ((module, each) for each in every(block))

    def _variable(self, module: Module, name: str) -> Iterator[tuple[Module, Expression | str]]:
        if module.parent is not None and module.call is not None and name in module.call.attributes:
            yield module.parent, module.call.attributes[name]
            if {"each", "count"} & set(module.call.attributes[name].references):
                yield from ((module.parent, each) for each in repetition(module.call))
            return
        if module.parent is None and name in self._set:
            yield module, self._set[name]
            return
        if module.parent is None and name in self._given:
            yield from ((module, each) for each in self._given[name])
            if not self._may_be_left_out:
                return
        declared = (block for block in module.of("variable") if block.labels == (name,))
        yield from ((module, block.attributes["default"]) for block in declared if "default" in block.attributes)

    def _output(self, module: Module, name: str, follow: frozenset[str]) -> Iterator[tuple[Module, Expression | str]]:
        call, _, output = name.partition(".")
        child = module.children.get(call)
        if child is None:
            blocks_ = (block for block in module.of("module") if block.labels == (call,) and follow)
            yield from ((module, each) for block in blocks_ for each in every(block))
            return
        for block in child.of("output"):
            if block.labels == (output,) and "value" in block.attributes:
                yield child, block.attributes["value"]

    def _module(self, prefix: str, directory: str, parent: Module | None, call: Block | None, deep: int) -> Module:
        made = Module(prefix, directory, self._parsed.get(directory, ()), parent, call)
        for block in made.of("module") if deep < _DEEPEST else ():
            place = block.attributes["source"].text.strip('"') if "source" in block.attributes else ""
            inner = posixpath.normpath(f"{directory}/{place}")
            if place.startswith((".", "..")) and inner in self._parsed:
                name = block.labels[0]
                made.children[name] = self._module(f"{prefix}module.{name}.", inner, made, block, deep + 1)
        return made


def repetition(block: Block) -> list[Expression]:
    """Return what says how often a block is there."""
    return [block.attributes[name] for name in ("count", "for_each") if name in block.attributes]


def _traversal(row: list[Any]) -> tuple[str, int]:
    """Return the name that a row begins with (`var.x`, `local.x`, `module.m.out`), and of how many parts it is."""
    match row:
        case ["var" | "local" as kind, ["get_attr", ".", str(name)], *_]:
            return f"{kind}.{name}", 2
        case ["module", ["get_attr", ".", str(call)], ["get_attr", ".", str(name)], *_]:
            return f"module.{call}.{name}", 3
        case _:
            return "", 1


def _folded(row: list[Any]) -> Any:
    """Return what is the same written shorter: an expression of one part, and texts put into texts."""
    match row:
        case ["expression", inner]:
            return inner
        case ["text", *parts] if any(isinstance(part, list) for part in parts):
            whole: list[Any] = []
            for part in map(_literal, parts):
                if isinstance(part, str) and whole and isinstance(whole[-1], str):
                    whole[-1] += part
                else:
                    whole.append(part)
            return ["text", *whole]
        case _:
            return row


def _literal(part: Any) -> Any:
    """Return the text that a part of a text always is, else the part."""
    match part:
        case ["${", ["text", str(inner)]]:
            return inner
        case ["${", str(inner)] if _CONSTANT.fullmatch(inner):
            return inner
        case _:
            return part


def every(block: Block) -> Iterator[Expression]:
    """Yield all expressions of a block, however deep."""
    yield from block.attributes.values()
    for inner in block.blocks:
        yield from every(inner)


def _merged(texts: Mapping[str, str]) -> tuple[Block, ...]:
    """Return a directory's blocks, with what overriding files say put in."""
    plain = [
        block for path, text in sorted(texts.items()) if not overrides(path) for block in blocks(text, path).blocks
    ]
    for path, text in sorted(texts.items()):
        for over in blocks(text, path).blocks if overrides(path) else ():
            plain = [_overridden(block, over) for block in plain]
            if not any((block.kind, block.labels) == (over.kind, over.labels) for block in plain):
                plain.append(over)
    return tuple(plain)


def _overridden(block: Block, over: Block) -> Block:
    if (block.kind, block.labels) != (over.kind, over.labels) or block.kind == "moved":
        return block
    kinds = {inner.kind for inner in over.blocks}
    kept = tuple(inner for inner in block.blocks if inner.kind not in kinds)
    attributes = {**block.attributes, **over.attributes}
    return Block(block.kind, block.labels, attributes, (*kept, *over.blocks), block.path, block.line)
