import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco_sandbox.images import ignore
from dco_sandbox.images.dockerfile import exec_form, pairs, parse, substitute, words_of
from dco_sandbox.images.errors import BuildError


def test_stages_have_names_and_lines() -> None:
    text = "# syntax=x\nARG V=3.11\nFROM python:${V} AS Build\nENV A=1 \\\n  # why\n  B=2\n\nFROM build\n"
    recipe = parse(text, "D")
    assert [(stage.name, stage.base) for stage in recipe.stages] == [("build", "python:${V}"), ("1", "build")]
    env = recipe.stages[0].instructions[0]
    assert (env.line, pairs(env, {})) == (4, {"A": "1", "B": "2"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM python:3\nHEALTHCHECK NONE\n", "D:2: the sandbox doesn't build HEALTHCHECK"),
        ("FROM python:3\nVOLUME /x\n", "D:2: the sandbox doesn't build VOLUME"),
        ("COPY a b\n", "D:1: COPY before the first FROM"),
        ("FROM --platform=linux/arm64 python:3\n", "D:1: FROM --platform isn't built"),
        ("# nothing\n", "D: no FROM"),
    ],
)
def test_what_is_not_built_is_refused_by_name_and_line(text: str, said: str) -> None:
    with pytest.raises(BuildError) as refused:
        parse(text, "D")
    assert str(refused.value).startswith(said)


def test_shell_form_is_refused_with_the_exec_form() -> None:
    instruction = parse("FROM python:3\nCMD python -m app\n", "D").stages[0].instructions[0]
    with pytest.raises(BuildError, match=r'write CMD \["python", "-m", "app"\]'):
        exec_form(instruction)


def test_variables() -> None:
    known = {"A": "x"}
    assert substitute(r"$A ${A}y ${B:-z} [$B] \$A", known) == "x xy z [] $A"


def test_unbalanced_quotes_name_the_line() -> None:
    instruction = parse('FROM python:3\nENV A="x\n', "D").stages[0].instructions[0]
    with pytest.raises(BuildError, match="D:2: No closing quotation"):
        words_of(instruction, {})


RULES = ignore.parse(
    ["# comment", "", "*.md", "!README.md", "docs", "**/__pycache__", "/infra/", "a?.txt", "[x-z]1", "!docs/keep.txt"]
)


@pytest.mark.parametrize(
    ("path", "out"),
    [
        ("NOTES.md", True),
        ("README.md", False),
        ("app/NOTES.md", False),
        ("docs/deep/file", True),
        ("docs/keep.txt", False),
        ("app/x/__pycache__/m.pyc", True),
        ("__pycache__/m.pyc", True),
        ("infra/main.tf", True),
        ("app/infra/main.tf", False),
        ("ab.txt", True),
        ("abc.txt", False),
        ("y1", True),
        ("app.py", False),
    ],
)
def test_dockerignore_follows_dockers_rules(path: str, out: bool) -> None:
    assert ignore.ignored(path, RULES) is out


@given(st.text(alphabet="abc/.*?!", max_size=12), st.text(alphabet="abc/", min_size=1, max_size=12))
def test_a_lone_exclusion_can_be_taken_back(pattern: str, path: str) -> None:
    back = pattern.lstrip("!")
    assert not ignore.ignored(path.strip("/") or "a", ignore.parse([back, "!" + back]))
