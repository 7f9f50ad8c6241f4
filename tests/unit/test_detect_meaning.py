"""Properties of meaning: how something is written never changes the verdict, what it says always does."""

import json
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dco.detect.dockerfile import read
from dco.detect.hcl.reading import configuration
from dco.detect.ignore import Ignored
from dco.detect.yaml_meaning import meaning
from dco.model.errors import ConfigurationError

NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=6).filter(
    lambda name: name not in {"null", "true", "false", "for", "in", "if", "else", "endif", "endfor", "yes", "no", "on"}
)
TEXTS = st.text(string.ascii_letters + string.digits + " #/*_-.:", max_size=12)
VALUES = st.recursive(
    st.integers(-999, 999) | st.booleans() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
BLOCKS = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), min_size=1, max_size=4)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def hcl(value: Any) -> str:
    """Write a value as HCL."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {hcl(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(hcl(item) for item in value) + "]"
    return json.dumps(value)


def plain(blocks: dict[str, dict[str, Any]]) -> str:
    """Write resources as HCL, plainly."""
    return "\n".join(
        f'resource "thing" "{name}" {{\n' + "".join(f"  {key} = {hcl(item)}\n" for key, item in body.items()) + "}\n"
        for name, body in blocks.items()
    )


def fancy(blocks: dict[str, dict[str, Any]], draw: Any) -> str:
    """Write the same with other order, spaces, comments and line endings."""
    text = ""
    for name in draw(st.permutations(list(blocks))):
        text += draw(st.sampled_from(["", '# note " {\n', "/* a\n } b */\n", "// x\n", "\n\n"]))
        text += f'resource   "thing"  "{name}" {{' + draw(st.sampled_from(["\n", " # open\n", "\n\n"]))
        for key in draw(st.permutations(list(blocks[name]))):
            before, after = draw(st.sampled_from([(" ", " "), ("", ""), ("   ", "  "), (" ", " /* why */ ")]))
            text += f"{key}{before}={after}{hcl(blocks[name][key])}" + draw(
                st.sampled_from(["\n", "  \n", " // end\n"])
            )
        text += "}\n"
    return draw(st.sampled_from([text, text.replace("\n", "\r\n")]))


@FEW
@given(BLOCKS, st.data())
def test_how_terraform_is_written_does_not_matter(blocks: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    assert configuration({"a.tf": plain(blocks)}) == configuration({"b.tf": fancy(blocks, data.draw)})


@FEW
@given(BLOCKS, st.data(), VALUES)
def test_a_value_in_terraform_matters(blocks: dict[str, dict[str, Any]], data: st.DataObject, value: Any) -> None:
    name = data.draw(st.sampled_from(sorted(blocks)))
    key = data.draw(st.sampled_from(sorted(blocks[name])))
    assume(json.dumps(blocks[name][key], sort_keys=True) != json.dumps(value, sort_keys=True))
    other = blocks | {name: blocks[name] | {key: value}}
    assert configuration({"a.tf": plain(blocks)}) != configuration({"a.tf": plain(other)})


@FEW
@given(BLOCKS, st.data())
def test_a_block_that_is_there_twice_or_gone_matters(blocks: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(blocks)))
    twice = plain(blocks) + plain({name: blocks[name]})
    fewer = plain({other: body for other, body in blocks.items() if other != name})
    meanings = [configuration({"a.tf": text}) for text in (plain(blocks), twice, fewer)]
    assert meanings[0] != meanings[1]
    assert meanings[0] != meanings[2]


@FEW
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), st.data())
def test_how_yaml_is_written_does_not_matter_and_what_it_says_does(table: dict[str, Any], data: st.DataObject) -> None:
    shuffled = {key: table[key] for key in data.draw(st.permutations(list(table)))}
    block = "# top\n" + "".join(f"{key}:   {json.dumps(value)}  # note\n\n" for key, value in shuffled.items())
    assert meaning(json.dumps(table), "a.yml") == meaning(block, "a.yml")
    key = data.draw(st.sampled_from(sorted(table)))
    value = data.draw(VALUES)
    assume(json.dumps(value, sort_keys=True) != json.dumps(table[key], sort_keys=True))
    assert meaning(json.dumps(table), "a.yml") != meaning(json.dumps(table | {key: value}), "a.yml")


@FEW
@given(st.lists(st.tuples(st.sampled_from(["RUN", "ENV", "COPY", "USER"]), NAMES), min_size=1, max_size=6), st.data())
def test_comments_in_a_dockerfile_do_not_matter(lines: list[tuple[str, str]], data: st.DataObject) -> None:
    body = [f"{name} {word}={word} {word}" if name == "ENV" else f"{name} {word} /{word}" for name, word in lines]
    noisy = [data.draw(st.sampled_from(["", "# RUN x\n", "\n\n", "  # y\n"])) + line for line in body]
    one = read("FROM scratch\n" + "\n".join(body), "Dockerfile", None)
    other = read("# syntax\n\nfrom   scratch\n" + "\n".join(noisy), "Dockerfile", None)
    assert one.steps == other.steps
    assert [source for source, _ in one.sources] == [source for source, _ in other.sources]


def test_yaml_that_holds_itself_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="within itself"):
        meaning("a: &x [*x]\n", "a.yml")


def test_heredocs_and_json_form_of_a_dockerfile() -> None:
    recipe = read('FROM scratch\nRUN <<EOF\necho # kept\nINCLUDE this\nEOF\nCOPY ["a b", "/x/"]\n', "Dockerfile", None)
    assert [source for source, _ in recipe.sources] == ["a b"]
    assert ("RUN", "<<EOF\necho # kept\nINCLUDE this") in recipe.steps


def test_continued_lines_and_another_escape_character() -> None:
    recipe = read("# escape=`\nFROM scratch\nCOPY a `\n# note\n b /x/\n", "Dockerfile", None)
    assert [source for source, _ in recipe.sources] == ["a", "b"]


def test_a_later_rule_takes_back_what_an_earlier_one_kept_out() -> None:
    ignored = Ignored("*\n!app\napp/**/*.log\n!app/keep.log\n# note\n")
    paths = ("app/x.py", "app/a/b.log", "app/keep.log", "other/x")
    assert [ignored(path) for path in paths] == [False, True, False, True]
