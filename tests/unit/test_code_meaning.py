"""Properties of code by meaning: comments and formatting never change the verdict, every other token does."""

import ast
import io
import json
import tokenize
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dco.detect.code.sameness import same

FEW = settings(max_examples=60, deadline=None)
PYTHON: str = '''"""It."""
import os

LIMIT = 10

def offer(names: list[str], *, most: int = 3) -> dict[str, int]:
    found = {}
    for name in names[:most]:
        if len(name) < LIMIT and name not in found:
            found[name] = f"{name!r} of {len(names)}"
    return {"a": [1, 2, 3], **found} if found else {}
'''
SCRIPT = """import express from "express";

export async function offer(names, most = 3) {
  const found = {};
  for (const name of names.slice(0, most)) {
    if (name.length < 10 && !(name in found)) {
      found[name] = `${name} of ${names.length}`;
    }
  }
  return { a: [1, 2, 3], ...found, b: /x y/g.test("z") ? await go() : null };
}
"""
SPACES = st.sampled_from([" ", "  ", " /* why */ ", "\t", " /* it's { */ "])
ENDS = st.sampled_from(["\n", "\n\n", "  // end\n", " /* a\n b */\n", "\r\n"])


def by_token(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


@FEW
@given(st.lists(st.integers(0, 11), max_size=6), st.sampled_from(["# note", "#", "# type: x", "# noqa: E501"]))
def test_comments_and_empty_lines_in_python_do_not_matter(places: list[int], comment: str) -> None:
    lines: list[str] = list(PYTHON.splitlines())
    for place in sorted(places, reverse=True):
        lines.insert(max(place, 1), comment)
        lines[place] += "  " + comment
    assert same("a.py", PYTHON.encode(), "\n".join(lines).encode())


def test_how_another_formatter_writes_python_does_not_matter() -> None:
    assert same("a.py", PYTHON.encode(), ast.unparse(ast.parse(PYTHON)).encode())


CHANGEABLE = [at for at, token in enumerate(by_token(PYTHON)) if token.type in {tokenize.NAME, tokenize.NUMBER}]


@pytest.mark.parametrize("at", CHANGEABLE)
def test_every_name_and_number_in_python_matters(at: int) -> None:
    tokens = [(token.type, token.string) for token in by_token(PYTHON)]
    kind, text = tokens[at]
    tokens[at] = (kind, "7" if kind == tokenize.NUMBER else text + "_")
    assert not same("a.py", PYTHON.encode(), tokenize.untokenize(tokens).encode())


@FEW
@given(st.data())
def test_spaces_lines_and_comments_in_scripts_do_not_matter(data: st.DataObject) -> None:
    text = "".join(line + data.draw(ENDS) for line in SCRIPT.splitlines())
    for mark in (" = ", " of ", " < ", " && ", ": [", " ? ", ", b"):
        text = text.replace(mark, mark.replace(" ", data.draw(SPACES)))
    text = text.replace("of${", "of ${").replace(' of" "${', " of ${")
    if "`${name} of ${names.length}`" in text:
        assert same("a.ts", SCRIPT.encode(), text.encode())
        assert same("a.js", SCRIPT.encode(), text.encode())


WORDS = [
    "express",
    "offer",
    "names",
    "most",
    "3",
    "found",
    "slice",
    "length",
    "10",
    " of ",
    "x y",
    "z",
    "go",
    "a:",
    "1, 2",
]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("suffix", ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"])
def test_every_word_in_scripts_matters(word: str, suffix: str) -> None:
    other = SCRIPT.replace(word, word.replace(word.strip()[0], word.strip()[0] + "9", 1))
    assert other != SCRIPT
    assert not same(f"a.{suffix}", SCRIPT.encode(), other.encode())


TEXTS = st.text(st.sampled_from("ab \\n'\"`${}/*#"), max_size=8)


@FEW
@given(TEXTS, TEXTS)
def test_texts_are_compared_by_every_character(one: str, other: str) -> None:
    for path, write in (("a.py", repr), ("a.ts", json.dumps)):
        sides = [f"x = {write(text)}\n".encode() for text in (one, other)]
        assert same(path, *sides) == (one == other)


@pytest.mark.parametrize(
    ("path", "before", "after", "verdict"),
    [
        ("a.ts", "f(a,)", "f(a)", True),
        ("a.ts", "[1,,]", "[1,]", False),
        ("a.ts", "for(;;){}", "for(;){}", False),
        ("a.ts", "if (a); b()", "if (a) b()", False),
        ("a.ts", "a = b\n(c)", "a = b;(c)", False),
        ("a.js", "#!/usr/bin/env node\nf()", "#!/usr/bin/env deno\nf()", False),
        ("a.js", "/* @vite-ignore */ f()", "f()", False),
        ("a.js", "f() // @ts-ignore", "f()", True),
        ("a.js", "//# sourceMappingURL=a.map\nf()", "f()", False),
        ("a.js", "/*#__PURE__*/ f()", "f()", False),
        ("a.tsx", "<p> a </p>", "<p>a</p>", False),
        ("a.py", "#!/bin/a\nx = 1\n", "#!/bin/a\r\nx = 1\r\n", False),
        ("a.py", "x = 1  # cython: y\n", "x = 1\n", True),
        ("a.py", "# cython: y\nx = 1\n", "x = 1\n", False),
        ("a.sh", "echo a\n", "echo a # b\n", False),
        ("package.json", '{"a": 1, "b": 2}', '{"b": 2, "a": 1}', False),
        ("package.json", "{", "{ ", False),
        ("pyproject.toml", "a = 1", "a = 1 # b", True),
        ("Dockerfile.x", "FROM a\n", "# b\nFROM  a\n", True),
        ("requirements.txt", "a==1\nb==2\n", "b==2\na==1 # c\n", True),
        ("requirements.txt", "a==1\n", "-r other.txt\na==1\n", False),
    ],
)
def test_what_counts(path: str, before: str, after: str, verdict: Any) -> None:
    assert same(path, before.encode(), after.encode()) is verdict
