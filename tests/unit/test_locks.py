"""Lock files: of what they lock, what ships; anything else is an error with file and line."""

import json
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco.detect.locks.reading import read
from dco.model.errors import ConfigurationError

HASH = "--hash=sha256:" + "a" * 64


def shipped(path: str, text: str) -> dict[str, str]:
    return {one.name: one.version for one in read(path, text.encode())}


def troubles(path: str, text: str) -> dict[str, str]:
    return {one.name: one.trouble for one in read(path, text.encode()) if one.trouble}


def npm(packages: Mapping[str, object], version: int = 3) -> str:
    return json.dumps({"lockfileVersion": version, "packages": {"": {"name": "own"}, **packages}})


@pytest.mark.parametrize("version", [2, 3])
def test_npm_ships_what_is_not_for_development(version: int) -> None:
    packages = {
        "node_modules/express": {"version": "5.0.0", "resolved": "x"},
        "node_modules/express/node_modules/qs": {"version": "6.0.0"},
        "node_modules/@types/node": {"version": "20.0.0", "dev": True},
        "node_modules/either": {"version": "1.0.0", "devOptional": True},
        "node_modules/maybe": {"version": "1.0.0", "optional": True},
        "node_modules/alias": {"name": "@real/name", "version": "2.0.0"},
        "packages/ours": {"version": "1.0.0"},
        "node_modules/ours": {"resolved": "packages/ours", "link": True},
        "packages/ours/node_modules/inner": {"version": "3.0.0"},
    }
    assert shipped("package-lock.json", npm(packages, version)) == {
        "express": "5.0.0", "qs": "6.0.0", "either": "1.0.0", "maybe": "1.0.0", "@real/name": "2.0.0", "inner": "3.0.0",
    }  # fmt: skip


def test_two_versions_of_one_package_are_two() -> None:
    packages = {"node_modules/a": {"version": "1.0.0"}, "node_modules/b/node_modules/a": {"version": "2.0.0"}}
    assert [one.version for one in read("package-lock.json", npm(packages).encode())] == ["1.0.0", "2.0.0"]


def test_what_comes_from_elsewhere_is_said() -> None:
    packages = {"node_modules/a": {"version": "1.0.0", "resolved": "git+ssh://git@example/a.git#1"}}
    assert "registry" in troubles("package-lock.json", npm(packages))["a"]
    assert "registry" in troubles("requirements.txt", "a @ https://example/a.whl\n")["a"]
    assert "registry" in troubles("requirements.txt", "-e ./here\n")["line 1"]


def test_requirements_with_hashes_markers_options_and_comments() -> None:
    text = f"""# made by a tool
--index-url https://someone:hidden@pypi.example/simple
Idna==3.10 \\
    {HASH} \\
    {HASH}
    # via httpx
httpx[http2]==0.28.1  # the client
colorama==0.4.6 ; sys_platform == "win32" {HASH}
tomli==2.0 ; python_version < "3.11"
ancient==1.0 ; python_version < "3.8"
exact===1.0
"""
    assert shipped("requirements.lock", text) == {
        "idna": "3.10", "httpx": "0.28.1", "tomli": "2.0", "exact": "1.0",
    }  # fmt: skip


def test_what_is_not_pinned_is_said_with_its_line() -> None:
    assert troubles("requirements.txt", "a==1.0\nb>=1.0\nc\nd==1.*\n") == {
        "b": "line 2 does not pin it to one version",
        "c": "line 3 does not pin it to one version",
        "d": "line 4 does not pin it to one version",
    }


UV = """version = 1
requires-python = ">=3.11"
[[package]]
name = "own"
source = { editable = "." }
dependencies = [{ name = "web" }, { name = "kit", extra = ["fast"] },
    { name = "color", marker = "sys_platform == 'win32'" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "web"
version = "1.0"
source = { registry = "r" }
dependencies = [{ name = "idna" }]
[[package]]
name = "idna"
version = "3.10"
source = { registry = "r" }
[[package]]
name = "kit"
version = "4.0"
source = { registry = "r" }
[package.optional-dependencies]
fast = [{ name = "loop" }]
slow = [{ name = "sleep" }]
[[package]]
name = "loop"
version = "5.0"
source = { git = "g" }
[[package]]
name = "sleep"
version = "6.0"
source = { registry = "r" }
[[package]]
name = "color"
version = "0.4"
source = { registry = "r" }
[[package]]
name = "pytest"
version = "8.0"
source = { registry = "r" }
"""


def test_uv_ships_what_the_project_needs() -> None:
    assert shipped("uv.lock", UV) == {"web": "1.0", "idna": "3.10", "kit": "4.0", "loop": "5.0"}
    assert troubles("uv.lock", UV) == {"loop": "it does not come from a registry"}


PYLOCK = """lock-version = "1.0"
created-by = "someone"
default-groups = ["base"]
dependency-groups = ["base", "test"]
[[packages]]
name = "attrs"
version = "25.1.0"
wheels = [{ url = "https://pypi.example/attrs-25.1.0-py3-none-any.whl", hashes = { sha256 = "aa" } }]
[[packages]]
name = "pytest"
version = "8.0"
wheels = [{ url = "https://pypi.example/pytest-8.0-py3-none-any.whl", hashes = { sha256 = "aa" } }]
marker = "'test' in dependency_groups"
[[packages]]
name = "base"
version = "1.0"
wheels = [{ url = "https://pypi.example/base-1.0-py3-none-any.whl", hashes = { sha256 = "aa" } }]
marker = "'base' in dependency_groups"
[[packages]]
name = "here"
directory = { path = "." }
"""


def test_pylock_ships_the_default_groups() -> None:
    assert shipped("pylock.toml", PYLOCK) == {"attrs": "25.1.0", "base": "1.0", "here": ""}
    assert set(troubles("pylock.prod.toml", PYLOCK)) == {"here"}


@pytest.mark.parametrize(
    ("path", "text", "what"),
    [
        ("package-lock.json", npm({})[:-3], "package-lock.json:1: not valid JSON"),
        ("package-lock.json", npm({}, 1), "lock file version 1 is not known"),
        ("package-lock.json", "[]", "the lock is no table"),
        ("package-lock.json", '{"lockfileVersion": 3}', "packages is no table"),
        ("package-lock.json", npm({"node_modules/a": {}}), "node_modules/a has no version"),
        ("package-lock.json", "{\n<<<<<<< HEAD\n}", "package-lock.json:2: a merge conflict"),
        ("requirements.txt", "a==1\n>>>>>>> theirs\n", "requirements.txt:2: a merge conflict"),
        ("requirements.txt", "a==1\n-r other.txt\n", "requirements.txt:2: it takes in another file"),
        ("requirements.txt", "a==1\n\n= = =\n", "requirements.txt:3: no requirement"),
        ("uv.lock", UV.replace("version = 1\n", "version = 9\n", 1), "lock version 9 is not known"),
        ("uv.lock", UV[:-5], "not valid TOML"),
        ("uv.lock", UV.replace("editable", "registry"), "names no project of its own"),
        ("uv.lock", UV.replace('name = "idna"\nv', 'name = "other"\nv'), "web needs idna, which is not locked"),
        ("pylock.toml", PYLOCK.replace('"1.0"', '"9.0"', 1), "no lock that is known here"),
        ("pylock.toml", PYLOCK[:-3], "not valid TOML"),
        ("Gemfile.lock.yaml", "", "this kind of lock file is not known"),
    ],
)
def test_a_lock_that_can_not_be_read_is_said_with_its_place(path: str, text: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(path, text.encode())
    assert what in caught.value.what
    assert path in caught.value.what
    assert caught.value.remedy


@given(
    st.sampled_from(["package-lock.json", "requirements.txt", "uv.lock", "pylock.toml"]),
    st.binary(max_size=60),
    st.integers(0, 400),
)
def test_any_damage_is_read_or_explained(path: str, damage: bytes, at: int) -> None:
    whole = {"package-lock.json": npm({"node_modules/a": {"version": "1.0.0"}}), "uv.lock": UV, "pylock.toml": PYLOCK}
    text = whole.get(path, f"a==1.0 \\\n    {HASH}\nb==2\n").encode()
    with suppress(ConfigurationError):
        read(path, text[:at] + damage + text[at + len(damage) :])
