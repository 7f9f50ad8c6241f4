"""JavaScript and TypeScript by meaning: tree-sitter's syntax tree, without what only a reader sees.

What does not count: spaces and line ends between tokens, semicolons that are put in anyway, commas before a closing
bracket, the kind of quotes around a plain text, and comments; but a comment that a tool acts upon does count.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import tree_sitter
import tree_sitter_javascript
import tree_sitter_typescript

_VERBATIM = {"template_string", "string", "regex", "regex_pattern", "jsx_text", "hash_bang_line"}
_CLOSING = {"]", "}", ")"}
_STATEMENTS = ("_statement", "_declaration", "class_body", "_definition", "_signature", "interface_body", "object_type")
_PLAIN_TEXT = re.compile(r"""["']([^"'\\]*)["']""")
_TAG = re.compile(r"(?<![\w.])@([A-Za-z_][\w-]*)")
_PRAGMA = re.compile(
    r"^/\*!|[#@]\s*source(?:Mapping)?URL|[#@]__\w+__|\b(?:webpack|turbopack)[A-Z]\w*\s*:|<(?:reference|amd-)|@vite-ignore"
)
_TOLD_TO_READERS = frozenset(
    re.findall(
        r"\S+",
        """
        abstract access alias alpha arg argument async augments author beta borrows category class classdesc
        constant const constructor constructs copyright decorator default defaultValue defaultvalue
        deprecated description desc emits enum eslint event eventProperty example experimental exports
        extends external file fileoverview fires func function generator global hidden hideconstructor host
        ignore implements import inheritdoc inheritDoc inner instance interface internal kind label lends
        link linkcode linkplain listens member memberof method mixes mixin module name namespace
        noinspection overload override overview owner packageDocumentation param privateRemarks private prop
        property protected prototype public readonly remarks requires return returns satisfies sealed see
        since static summary template this throws todo ts-check ts-expect-error ts-ignore ts-nocheck
        tutorial type typeParam typedef usage var variation version virtual yield yields
        """,
    )
)
"""Tags for readers, editors and type checkers. Every other tag may be read by a tool when it builds or starts."""


def meaning(content: bytes, suffix: str) -> object:
    """Return what a file means, as plain JSON; None where it does not parse."""
    root = _parser(suffix).parse(content).root_node
    if root.has_error:
        return None
    try:
        return _plain(root, content)
    except RecursionError:
        return None


@cache
def _parser(suffix: str) -> tree_sitter.Parser:
    grammars = {
        ".ts": tree_sitter_typescript.language_typescript,
        ".mts": tree_sitter_typescript.language_typescript,
        ".cts": tree_sitter_typescript.language_typescript,
        ".tsx": tree_sitter_typescript.language_tsx,
    }
    return tree_sitter.Parser(tree_sitter.Language(grammars.get(suffix, tree_sitter_javascript.language)()))


def _plain(node: tree_sitter.Node, content: bytes) -> list[Any]:
    if node.type == "string" and (plain := _PLAIN_TEXT.fullmatch(_text(node, content))):
        return ["string", plain[1]]
    if node.type == "jsx_text":
        return ["jsx_text", _shown(_text(node, content))]
    if not node.children:
        return [node.type, _text(node, content)]
    if node.type in _VERBATIM:
        return [node.type, *_with_gaps(node, content)]
    return [node.type, *(_plain(child, content) for child in _counted(node, content))]


def _counted(node: tree_sitter.Node, content: bytes) -> Iterator[tree_sitter.Node]:
    """Yield the children that count."""
    children = [
        child
        for child in node.children
        if child.type not in {"comment", "html_comment"} or _acted_upon(_text(child, content))
    ]
    for at, child in enumerate(children):
        after = children[at + 1].type if at + 1 < len(children) else ""
        before = children[at - 1].type if at else ","
        if child.type == ";" and node.type != "for_statement" and node.type.endswith(_STATEMENTS):
            continue
        if child.type == "," and after in _CLOSING and before not in {",", "[", "{", "("}:
            continue
        if child.type == "jsx_text" and not _shown(_text(child, content)):
            continue
        yield child


def _with_gaps(node: tree_sitter.Node, content: bytes) -> Iterator[object]:
    """Yield a text's parts with all that stands between them."""
    at = node.start_byte
    for child in node.children:
        yield content[at : child.start_byte].decode(errors="surrogateescape").replace("\r\n", "\n")
        yield _plain(child, content)
        at = child.end_byte
    yield content[at : node.end_byte].decode(errors="surrogateescape").replace("\r\n", "\n")


def _acted_upon(comment: str) -> bool:
    """Tell whether a tool may act upon a comment.

    Bundlers' pragmas, licences that stay in bundles, source maps, and every tag that is not for readers alone, as
    interface descriptions that are made from comments (`@openapi`).
    """
    return bool(_PRAGMA.search(comment)) or any(
        tag not in _TOLD_TO_READERS and not tag.startswith("ts-") for tag in _TAG.findall(comment)
    )


def _shown(text: str) -> str:
    """Return what of a text between tags is shown: the indentation and ends of its lines are not."""
    first, *rest = text.split("\n")
    if not rest:
        return first
    *middle, last = rest
    kept = [first.rstrip(" \t\r"), *(line.strip(" \t\r") for line in middle), last.lstrip(" \t")]
    return " ".join(line for line in kept if line)


def _text(node: tree_sitter.Node, content: bytes) -> str:
    return content[node.start_byte : node.end_byte].decode(errors="surrogateescape").replace("\r\n", "\n")
