"""Versions by the rules of whoever published them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco.detect.versions import Leap, admits, key, leap, newer, preview, same
from dco.seams.catalogue import Kind

NUMBERS = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
KINDS = st.sampled_from([Kind.NPM, Kind.PYPI, Kind.MAVEN, Kind.GITHUB, Kind.TERRAFORM_PROVIDER])


@pytest.mark.parametrize(
    ("kind", "ascending"),
    [
        (Kind.NPM, ["1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0", "1.0.1", "1.9.0", "1.10.0"]),
        (Kind.PYPI, ["1.0.dev1", "1.0a2", "1.0rc1", "1.0", "1.0.post1", "1.9", "1.10", "1!0.1"]),
        (Kind.MAVEN, ["4.4.9", "5.26.9", "5.26.30", "2025.01.0", "2025.10.1", "2026.08.1"]),
        (Kind.GITHUB, ["v4.2.2", "v4.10.0", "v5.0.0-beta1", "v5.0.0"]),
    ],
)
def test_order(kind: Kind, ascending: list[str]) -> None:
    assert all(key(kind, old) < key(kind, new) for old, new in pairwise(ascending))


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        (Kind.NPM, "1.2"), (Kind.NPM, "latest"), (Kind.PYPI, "one"), (Kind.MAVEN, "5.26.0-alpha01"), (Kind.MAVEN, ""),
        (Kind.GITHUB, "v4"), (Kind.GITHUB, "main"), (Kind.TERRAFORM_PROVIDER, "~> 5.0"),
    ],
)  # fmt: skip
def test_what_the_rules_do_not_know_is_never_compared(kind: Kind, version: str) -> None:
    assert key(kind, version) is None
    assert preview(kind, version)
    assert newer(kind, version, ["9.9.9"]) == ()
    assert newer(kind, "0.0.1", [version]) == ()


@pytest.mark.parametrize(
    ("kind", "old", "new", "step"),
    [
        (Kind.NPM, "1.2.3", "1.2.4", Leap.PATCH),
        (Kind.NPM, "1.2.3", "1.3.0", Leap.MINOR),
        (Kind.NPM, "1.2.3", "2.0.0", Leap.MAJOR),
        (Kind.NPM, "0.2.3", "0.3.0", Leap.MAJOR),
        (Kind.NPM, "0.2.3", "0.2.4", Leap.PATCH),
        (Kind.PYPI, "2024.1", "2025.1", Leap.MAJOR),
        (Kind.PYPI, "1.0", "1!1.0", Leap.MAJOR),
        (Kind.PYPI, "1.0", "1.0.post1", Leap.PATCH),
        (Kind.MAVEN, "5.26.1", "5.26.30", Leap.PATCH),
        (Kind.MAVEN, "5.25.1", "5.26.30", Leap.MINOR),
        (Kind.MAVEN, "4.4.1", "5.26.30", Leap.MAJOR),
        (Kind.MAVEN, "5.26.1", "2025.01.0", Leap.MAJOR),
        (Kind.MAVEN, "2025.01.0", "2026.08.1", Leap.MINOR),
        (Kind.MAVEN, "2026.08.0", "2026.08.1", Leap.PATCH),
    ],
)
def test_how_far(kind: Kind, old: str, new: str, step: Leap) -> None:
    assert leap(kind, old, new) is step


def test_previews_are_offered_to_previews_only() -> None:
    assert newer(Kind.NPM, "1.0.0", ["1.1.0-rc.1", "1.0.1", "0.9.0"]) == ("1.0.1",)
    assert newer(Kind.NPM, "1.1.0-rc.0", ["1.1.0-rc.1", "1.1.0"]) == ("1.1.0-rc.1", "1.1.0")


def test_one_version_has_several_spellings() -> None:
    assert same(Kind.PYPI, "1.0", "1.0.0")
    assert same(Kind.GITHUB, "v1.0.0", "1.0.0")
    assert not same(Kind.NPM, "1.0.0", "1.0.1")
    assert same(Kind.NPM, "strange", "strange")


@given(KINDS, st.lists(NUMBERS, max_size=8), NUMBERS)
def test_newer_versions_are_all_that_are_higher_in_order(
    kind: Kind, numbers: list[tuple[int, int, int]], mine: tuple[int, int, int]
) -> None:
    texts = [".".join(map(str, each)) for each in numbers]
    expected = [".".join(map(str, each)) for each in sorted(set(numbers)) if each > mine]
    assert list(newer(kind, ".".join(map(str, mine)), texts)) == expected


@given(KINDS, st.text(max_size=12))
def test_any_text_is_a_version_or_none(kind: Kind, text: str) -> None:
    assert preview(kind, text) in {True, False}
    assert newer(kind, "1.0.0", [text]) in {(), (text,)}


@pytest.mark.parametrize(
    ("constraint", "version", "verdict"),
    [
        ("~> 5.0", "5.99.0", True), ("~> 5.0", "6.0.0", False), ("~> 5.1.2", "5.1.9", True),
        ("~> 5.1.2", "5.2.0", False), (">= 1.5, < 2.0", "1.15.5", True), (">= 1.5, < 2.0", "2.0.0", False),
        ("1.2.3", "1.2.3", True), ("= 1.2.3", "1.2.4", False), ("!= 1.2.3", "1.2.4", True), ("<= 1.2", "1.2.0", True),
        ("nonsense", "1.0.0", None), (">= 1.0", "nonsense", None), ("", "1.0.0", None),
    ],
)  # fmt: skip
def test_terraform_constraints(constraint: str, version: str, verdict: bool | None) -> None:
    assert admits(constraint, version) is verdict
