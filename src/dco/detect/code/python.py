"""Python by meaning: the syntax tree that the interpreter makes, so comments and formatting do not count.

Docstrings count, since programs read them; so does a first line `#!`, and the comments that tools execute: Cython's
directives, and the table of a script's own dependencies.
"""

import ast
import re
import threading
import warnings
from typing import cast

_READS_SOURCE = re.compile(rb"getsource|getcomments|linecache|co_firstlineno|f_lineno|co_lines|tb_lineno")
"""A program that looks at its own text or line numbers: there, every byte counts."""
_EXECUTED = re.compile(rb"\A#![^\n]*|^[ \t]*#[ \t]*(?:cython|distutils)[ \t]*:.*|^# /// .*(?:\n#.*)*", re.MULTILINE)
_ONE_AT_A_TIME = threading.Lock()
"""Warnings are silenced for the whole process: two threads must not do and undo that by turns."""


def meaning(content: bytes) -> object:
    """Return what a file means, as plain JSON; None where that can't be told from its text."""
    if _READS_SOURCE.search(content):
        return None
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content)
        return [_executed(content), _plain(tree)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _executed(content: bytes) -> list[str]:
    """Return the comments that are executed; a carriage return behind `#!` names another interpreter."""
    found = [match.decode(errors="replace") for match in _EXECUTED.findall(content)]
    return [each if each.startswith("#!") else each.replace("\r", "") for each in found]


def _plain(value: object) -> object:
    """Return a tree as lists. Empty fields are left out, so that it is the same for every version of Python."""
    if isinstance(value, ast.AST):
        fields = ((name, getattr(value, name, None)) for name in value._fields)
        return [type(value).__name__, *([name, _plain(item)] for name, item in fields if item not in (None, []))]
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    return [type(value).__name__, repr(value)]
