"""HCL by meaning.

Comments, alignment, the order of attributes and blocks, and line endings outside of texts do not count; a block that is
there twice counts twice.

Parsed by python-hcl2. It is imported only when files differ: its grammar takes longer to load than a quiet night.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from dco.model.canonical import canonical
from dco.model.errors import ConfigurationError

_HEREDOC = re.compile(r"<<(-?)([A-Za-z_][\w.-]*)[ \t]*\r?\n((?:.*\n)*?)[ \t]*\2(?=\W|$)")
_COMMENT = re.compile(r"(?:#|//)[^\n]*|/\*.*?\*/", re.DOTALL)
_UNREMARKABLE = re.compile(r'[^"<#/\r]*')
_OPENING = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
_CARRIAGE = "\u240d"
"""Stands for a carriage return within a text: Terraform keeps it there, so it counts."""
_BLOCK = "__is_block__"


def configuration(texts: Mapping[str, str]) -> list[Any]:
    """Return the meaning of the configuration files of one directory, by path: equal lists, equal meaning.

    Terraform reads a directory as one file, so it does not matter which file a block stands in; only overriding files
    count apart. Raises `ConfigurationError` with file and line for what does not parse.
    """
    plain: list[bytes] = []
    overriding: list[Any] = []
    for path, text in sorted(texts.items()):
        found = sorted(canonical(block) for block in _blocks(text, path))
        if re.search(r"(?:^|/|_)override\.tf(?:\.json)?$", path):
            overriding.append([path, [each.decode() for each in found]])
        else:
            plain += found
    return [[each.decode() for each in sorted(plain)], overriding]


def values(text: str, path: str) -> dict[str, Any]:
    """Return the meaning of a file of plain values (`.tfvars`), by name."""
    return cast("dict[str, Any]", _clean(_parsed(text, path)))


def without_comments(text: str) -> str:
    """Return HCL without comments, with plain line endings outside of texts; every line keeps its number."""
    return "".join(_pieces(text))


def _blocks(text: str, path: str) -> Iterator[Any]:
    """Yield top-level blocks as `[type, body]`; every local value is one of its own, as it does not matter where."""
    for kind, bodies in _parsed(text, path).items():
        for body in cast("list[Any]", bodies) if isinstance(bodies, list) else [bodies]:
            clean = _clean(body)
            if kind == "locals" and isinstance(clean, dict):
                locals_ = cast("dict[str, Any]", clean)
                yield from (["local", name, value] for name, value in locals_.items() if name != _BLOCK)
            else:
                yield [kind, clean]


def _parsed(text: str, path: str) -> dict[str, Any]:
    if path.endswith(".json"):
        return _parsed_json(text, path)
    import hcl2  # noqa: PLC0415  # a second to load: only for files that differ
    from hcl2.utils import SerializationOptions  # noqa: PLC0415
    from lark.exceptions import LarkError  # noqa: PLC0415

    try:
        options = SerializationOptions(with_comments=False)
        return cast("Any", hcl2).loads(without_comments(text) + "\n", serialization_options=options)
    except LarkError as error:
        line = getattr(error, "line", None) or "?"
        token = str(getattr(error, "token", "")).strip()
        what = f"unexpected {token[:40]!r}" if token else "it ends too early"
        raise ConfigurationError(f"{path}:{line}: not valid HCL: {what}", f"correct {path} and commit it") from None


def _parsed_json(text: str, path: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path}: not valid JSON: {error}", f"correct {path} and commit it") from None


def _clean(value: Any) -> Any:
    """Make equal what means the same: quoted and bare keys, and the three ways to write a text over several lines."""
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {_bare(key): _clean(item) for key, item in table.items()}
    if isinstance(value, list):
        return [_clean(item) for item in cast("list[Any]", value)]
    if isinstance(value, str) and (heredoc := _HEREDOC.fullmatch(value.strip('"'))):
        return {"text": _unindented(heredoc[3]) if heredoc[1] else heredoc[3]}
    return value


def _bare(key: str) -> str:
    return key[1:-1] if re.fullmatch(r'"[\w.:/ -]*"', key) else key


def _unindented(body: str) -> str:
    """Return what `<<-` means: the indentation that all lines share does not count."""
    lines = body.split("\n")
    shared = min((len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()), default=0)
    return "\n".join(line[shared:] for line in lines)


def _pieces(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        character = text[at]
        if character == '"':
            end = _text_end(text, at)
            yield text[at:end]
        elif heredoc := _HEREDOC.match(text, at) if character == "<" else None:
            end = heredoc.end()
            yield _heredoc(heredoc)
        elif comment := _COMMENT.match(text, at) if character in "#/" else None:
            end = comment.end()
            yield _blank(text, comment)
        elif text.startswith("\r\n", at):
            end = at + 1
        else:
            end = _UNREMARKABLE.match(text, at + 1).end()  # pyright: ignore[reportOptionalMemberAccess]  # it may be empty
            yield text[at:end]
        at = end


def _heredoc(found: re.Match[str]) -> str:
    """Return a here-document with its carriage returns made visible and its closing mark at the line's start."""
    body = found[3].replace("\r\n", f"{_CARRIAGE}\n")
    return f"<<{found[1]}{found[2]}\n{body}{found[2]}"


def _blank(text: str, comment: re.Match[str]) -> str:
    """Return what stands where a comment stood: its line ends where it had its lines for itself, else a space."""
    before = text[text.rfind("\n", 0, comment.start()) + 1 : comment.start()]
    ends = comment[0].count("\n")
    if ends and not before.strip():
        return "\n" * ends
    return " "


def _text_end(text: str, at: int) -> int:
    """Return where a quoted text ends; interpolations may hold further texts."""
    at += 1
    while at < len(text) and text[at] not in '"\n':
        if text[at] == "\\":
            at += 2
        elif _OPENING.match(text, at):
            at = _interpolation_end(text, at + 2)
        else:
            at += 1
    return min(at + 1, len(text))


def _interpolation_end(text: str, at: int) -> int:
    depth = 1
    while at < len(text) and depth:
        if text[at] == '"':
            at = _text_end(text, at)
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at
