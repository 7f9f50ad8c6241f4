"""HCL without its comments, for readers that look for words only."""

import re
from collections.abc import Iterator

_HEREDOC = re.compile(r"<<(-?)([A-Za-z_][\w.-]*)[ \t]*\r?\n((?:.*\n)*?)[ \t]*\2(?=\W|$)")
_COMMENT = re.compile(r"(?:#|//)[^\n]*|/\*.*?\*/", re.DOTALL)
_UNREMARKABLE = re.compile(r'[^"<#/\r]*')
_CARRIAGE = "\u240d"
"""Stands for a carriage return within a text: Terraform keeps it there, so it counts."""
_OPENING = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")


def without_comments(text: str) -> str:
    """Return HCL without comments, with plain line endings outside of texts; every line keeps its number."""
    return "".join(_pieces(text))


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
