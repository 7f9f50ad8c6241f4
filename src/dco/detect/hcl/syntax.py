"""The syntax of HCL as values: blocks, and expressions by what they mean.

Comments, spaces, the order of attributes and of an object's keys, `=` or `:`, last commas, quotes around plain keys and
the indentation of `<<-` do not count; every character of a text does. Parsed by tree-sitter's grammar of HCL.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import tree_sitter
import tree_sitter_hcl

from dco.model.errors import ConfigurationError

_WORD = re.compile(r"[A-Za-z_][\w-]*")
_BETWEEN = {"comment", ",", "=", ":"}
_TEMPLATES = {"quoted_template", "string_lit", "heredoc_template"}


@dataclass(frozen=True)
class Expression:
    """An expression: what it means as canonical JSON, its text, and what it refers to (`var.x`, `data.aws_ami.y`)."""

    meaning: str
    text: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A block: `resource "aws_instance" "ledger" { … }` is of kind `resource` with two labels."""

    kind: str
    labels: tuple[str, ...]
    attributes: Mapping[str, Expression]
    blocks: tuple["Block", ...] = ()
    path: str = ""
    line: int = 0

    def meaning(self) -> Any:
        """Return what it means as plain JSON; blocks within it count in the order of their kind."""
        inner: dict[str, list[Any]] = {}
        for block in self.blocks:
            inner.setdefault(block.kind, []).append(block.meaning())
        attributes = {name: each.meaning for name, each in sorted(self.attributes.items())}
        return [self.kind, list(self.labels), attributes, dict(sorted(inner.items()))]

    def nested(self, kind: str) -> tuple["Block", ...]:
        """Return the blocks of a kind within it."""
        return tuple(block for block in self.blocks if block.kind == kind)


def parse(text: str, path: str) -> Block:
    """Return a file as one block without a kind. Raises `ConfigurationError` with file and line."""
    content = text.encode(errors="surrogateescape")
    root = _parser().parse(content).root_node
    if root.has_error:
        raise _wrong(next(_errors(root), root), content, path)
    body = next((child for child in root.children if child.type == "body"), None)
    objects = [child for child in root.children if child.type == "object"]
    if objects:
        raise _refusal(path, 1, "it is no configuration")
    return _block(body, "", (), content, path, 0)


def expression(text: str, path: str) -> Expression:
    """Return an expression that stands alone. Raises `ConfigurationError` with the file."""
    return parse(f"x = {text}\n", path).attributes["x"]


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))


def _block(
    body: tree_sitter.Node | None, kind: str, labels: tuple[str, ...], content: bytes, path: str, line: int
) -> Block:
    attributes: dict[str, Expression] = {}
    blocks: list[Block] = []
    for child in body.children if body else ():
        if child.type == "attribute":
            name = _text(child.children[0], content)
            if name in attributes:
                raise _refusal(path, child.start_point[0] + 1, f"the attribute {name} is there twice")
            attributes[name] = _expression(child.children[-1], content)
        elif child.type == "block":
            heads = [each for each in child.children if each.type in {"identifier", "string_lit"}]
            names = tuple(_text(each, content).strip('"') for each in heads)
            inner = next((each for each in child.children if each.type == "body"), None)
            blocks.append(_block(inner, names[0], names[1:], content, path, child.start_point[0] + 1))
    return Block(kind, labels, attributes, tuple(blocks), path, line)


def _expression(node: tree_sitter.Node, content: bytes) -> Expression:
    meaning = msgspec.json.encode(_plain(node, content)).decode()
    return Expression(meaning, _text(node, content), tuple(sorted(set(_references(node, content)))))


def _plain(node: tree_sitter.Node, content: bytes) -> Any:
    """Return an expression as lists, without what does not count."""
    if node.type in _TEMPLATES:
        return _heredoc(node, content) if node.type == "heredoc_template" else _template(node, content)
    if node.type == "object":
        pairs = [_pair(child, content) for child in node.children if child.type == "object_elem"]
        plain_keys = {msgspec.json.encode(key) for key, _ in pairs}
        ordered = sorted(pairs, key=msgspec.json.encode) if len(plain_keys) == len(pairs) else pairs
        return ["object", ordered]
    if not node.children:
        return _text(node, content)
    kept = [child for child in node.children if child.type not in _BETWEEN]
    if node.type == "conditional" or node.type.startswith("for_"):
        kept = [child for child in node.children if child.type not in {"comment", ","}]
    if len(kept) == 1 and kept[0].is_named:
        return _plain(kept[0], content)
    return [node.type, *(_plain(child, content) for child in kept)]


def _pair(element: tree_sitter.Node, content: bytes) -> list[Any]:
    key, value = (child for child in element.children if child.type == "expression")
    plain = _text(key, content)
    bare: Any = plain if _WORD.fullmatch(plain) else _plain(key, content)
    match bare:
        case ["text", str(written)]:
            bare = written
        case _:
            pass
    return [bare, _plain(value, content)]


def _template(node: tree_sitter.Node, content: bytes) -> Any:
    """Return a text in quotes as its literal parts and interpolations; one that is a single interpolation as that."""
    parts = list(_parts(node, content, node.start_byte + 1, node.end_byte - 1))
    match parts:
        case [["${", inner]]:
            return inner
        case []:
            return ["text", ""]
        case _:
            return ["text", *parts]


def _parts(node: tree_sitter.Node, content: bytes, begin: int, end: int) -> Iterator[Any]:
    """Yield literal texts as they stand, and interpolations and directives by meaning."""
    at = begin
    for child in node.children:
        if child.type == "template_interpolation":
            if child.start_byte > at:
                yield content[at : child.start_byte].decode(errors="surrogateescape")
            yield _interpolation(child, content)
            at = child.end_byte
    if end > at:
        yield content[at:end].decode(errors="surrogateescape")


def _interpolation(node: tree_sitter.Node, content: bytes) -> list[Any]:
    inner = [child for child in node.children if child.type == "expression"]
    markers = [child for child in node.children if child.type == "strip_marker"]
    if len(inner) == 1 and not markers:
        return ["${", _plain(inner[0], content)]
    return ["$text", _text(node, content)]


def _heredoc(node: tree_sitter.Node, content: bytes) -> list[Any]:
    """Return a here-document by its text: carriage returns count, as Terraform keeps them."""
    whole = _text(node, content)
    head, _, body = whole.partition("\n")
    text = body[: body.rfind("\n") + 1] if "\n" in body else ""
    return ["heredoc", _unindented(text) if head.startswith("<<-") else text]


def _unindented(body: str) -> str:
    """Return what `<<-` means: the indentation that all lines share does not count."""
    lines = body.split("\n")
    shared = min((len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()), default=0)
    return "\n".join(line[shared:] if line.strip() else line.lstrip(" \t") for line in lines)


def _references(node: tree_sitter.Node, content: bytes) -> Iterator[str]:
    children = node.children
    for at, child in enumerate(children):
        if child.type == "variable_expr":
            parts = [_text(child, content)]
            for later in children[at + 1 :]:
                if later.type == "get_attr":
                    parts.append(_text(later, content).lstrip(". \t\n"))
                elif later.type != "index":
                    break
            yield _named(parts)
        yield from _references(child, content)


def _named(parts: list[str]) -> str:
    """Return what a traversal names: `data.TYPE.NAME`, `module.NAME.OUTPUT`, `var.NAME`, `TYPE.NAME`, `each`."""
    if parts[0] in {"data", "module"}:
        return ".".join(parts[:3])
    return parts[0] if parts[0] in {"each", "count", "self"} else ".".join(parts[:2])


def _errors(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    if node.is_error or node.is_missing:
        yield node
    for child in node.children:
        if child.has_error or child.is_missing:
            yield from _errors(child)


def _wrong(node: tree_sitter.Node, content: bytes, path: str) -> ConfigurationError:
    token = _text(node, content).strip().partition("\n")[0]
    what = f"unexpected {token[:40]!r}" if token and not node.is_missing else f"{node.type} is missing"
    return _refusal(path, node.start_point[0] + 1, f"not valid HCL: {what}")


def _refusal(path: str, line: int, what: str) -> ConfigurationError:
    return ConfigurationError(f"{path}:{line}: {what}", f"correct {path} and commit it")


def _text(node: tree_sitter.Node, content: bytes) -> str:
    return content[node.start_byte : node.end_byte].decode(errors="surrogateescape")
