"""What set-up decides: which Python, which Terraform, which packages, and whether the jars are the right ones."""

import hashlib
import os
from pathlib import Path
from zipfile import ZipFile

import pytest
from setup import interpreter, neo4j_community, places, system_packages, terraform_command
from setup.steps import SetupError

from dco_sandbox import cache


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["python3.9", "python3.11", "python3.13"], "python3.13"),
        (["python3.9", "python3.10"], None),
        (["python3", "python2.7"], None),
        (["python4.0", "python3.14"], "python4.0"),
    ],
)
def test_the_newest_python_that_is_new_enough_is_taken(names: list[str], chosen: str | None) -> None:
    assert interpreter.newest(names) == chosen


def told(version: str) -> str:
    return f'Warning: something first\n{{\n  "terraform_version": "{version}",\n  "platform": "linux_amd64"\n}}'


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ({"terraform": told("1.11.4"), "tofu": told("1.12.0")}, "terraform"),
        ({"terraform": told("1.4.7"), "tofu": told("1.6.0")}, "tofu"),
        ({"terraform": told("1.5.0")}, "terraform"),
        ({"terraform": told("0.15.5"), "tofu": told("1.5.9")}, None),
        ({"terraform": "a version manager's stub that says nothing", "tofu": ""}, None),
        ({}, None),
    ],
)
def test_an_engine_is_linked_only_if_it_is_new_enough(found: dict[str, str], chosen: str | None) -> None:
    assert terraform_command.choose(found) == chosen


def test_jars_that_differ_from_the_lock_are_told_one_by_one() -> None:
    lock = neo4j_community.read_lock("aa  same.jar\nbb  other.jar\ncc  gone.jar\n")
    assert neo4j_community.differences(lock, lock) == []
    assert neo4j_community.differences(lock, {"same.jar": "aa", "other.jar": "xx", "new.jar": "dd"}) == [
        "gone.jar is missing",
        "new.jar is not in the lock",
        "other.jar has SHA-256 xx, the lock says bb",
    ]


def test_the_checksum_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.jar").write_bytes(b"content")
    assert neo4j_community.checksums(tmp_path) == {"a.jar": hashlib.sha256(b"content").hexdigest()}


@pytest.mark.parametrize("name", neo4j_community.MAIN_CLASSES)
def test_the_main_class_of_either_line_is_found(tmp_path: Path, name: str) -> None:
    with ZipFile(tmp_path / "neo4j-1.0.jar", "w") as jar:
        jar.writestr(f"{name.replace('.', '/')}.class", "")
    assert neo4j_community.main_class(tmp_path) == name


def test_jars_without_a_known_main_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError):
        neo4j_community.main_class(tmp_path)


def test_without_root_the_command_to_type_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system_packages, "find", {"apt-get": "/usr/bin/apt-get"}.get)
    assert system_packages.needed(python_is_made=True, jars_are_made=True) == ["haproxy"]
    assert system_packages.needed(python_is_made=True, jars_are_made=False) == ["haproxy", "maven"]
    with pytest.raises(SetupError) as refused:
        system_packages.install(["maven", "haproxy"], print)
    assert (
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends haproxy maven" in refused.value.remedy
    )


def test_the_sandbox_looks_where_set_up_puts_things(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache.root() == places.cache()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.root() == places.cache() == tmp_path / "dco"


def test_neo4j_versions_are_listed_oldest_first_and_only_when_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for version in ("2026.08.1", "5.9.0", "5.26.30"):
        (tmp_path / "dco" / "neo4j" / version / "bin").mkdir(parents=True)
        (tmp_path / "dco" / "neo4j" / version / "bin" / "neo4j").touch()
    (tmp_path / "dco" / "neo4j" / "5.27.0" / "lib").mkdir(parents=True)
    assert cache.neo4j_versions() == ["5.9.0", "5.26.30", "2026.08.1"]
    with pytest.raises(cache.NotSetUpError, match=r"5\.27\.0 .*ready: 5\.9\.0.*make setup"):
        cache.neo4j_home("5.27.0")
    with pytest.raises(cache.NotSetUpError, match="make setup"):
        cache.terraform()
