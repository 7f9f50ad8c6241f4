"""Detection from files alone, a folder per case: what stood there before, what after, and what is found."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dco.detect import discovery
from dco.detect.between import compare
from dco.detect.detect import detect_offline
from dco.detect.releasing import released_of
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError
from dco.seams.source import SourceFile

CASES = Path(__file__).parents[1] / "cases" / "detect"
APPLICATION = {
    "repository": "credcoin",
    "image_parameter": "/api/image",
    "builder": {"kind": "given", "parameter": "/x"},
}
STACK: dict[str, Any] = {"directory": "infra"}
AT = "2026-01-01T00:00:00.000Z"


class FolderSource:
    """A `Source` whose revisions are the directories of a case."""

    def __init__(self, case: Path) -> None:
        self._case = case

    def head(self) -> str:
        return "after"

    def author(self, revision: str) -> str:
        return revision

    def resolve(self, name: str) -> str:
        return name

    def trouble(self, released: str | None) -> tuple[str, ...]:
        del released
        return ()

    def touched(self, before: str, after: str) -> Mapping[str, str]:
        del before, after
        return {}

    def files(self, revision: str) -> tuple[SourceFile, ...]:
        top = self._case / revision
        paths = sorted(path for path in top.rglob("*") if path.is_file())
        return tuple(
            SourceFile(
                path=path.relative_to(top).as_posix(),
                blob=hashlib.sha1(path.read_bytes()).hexdigest(),  # noqa: S324  # a name, not a seal
                mode="100644",
            )
            for path in paths
        )

    def read(self, revision: str, path: str) -> bytes:
        try:
            return (self._case / revision / path).read_bytes()
        except FileNotFoundError:
            raise ConfigurationError(f"there is no file {path}") from None

    def read_many(self, revision: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self.read(revision, path) for path in paths}

    def export(self, revision: str, directory: Path) -> None:
        raise NotImplementedError


def environment(settings: dict[str, Any]) -> Environment:
    """Return an environment with what a case's settings name."""
    whole: dict[str, Any] = {
        "name": "production",
        "aws": {"region": "eu-central-1"},
        "state": {"bucket": "b"},
        "offering": {"kind": "command", "command": ["true"]},
    }
    if "applications" in settings:
        more = settings["applications"] if isinstance(settings["applications"], dict) else {}
        whole["applications"] = {"api": APPLICATION | more}
    if "stacks" in settings:
        more = settings["stacks"] if isinstance(settings["stacks"], dict) else {}
        whole["stacks"] = {"main": STACK | more}
    return msgspec.convert(whole, Environment)


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_case(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text())
    wanted = environment(expected["settings"])
    source = FolderSource(case)
    if "look" in expected["settings"]:
        former, present = (discovery.environment(source, revision) for revision in ("before", "after"))
        changes = compare(former, present, source, "before", "after", AT)
    else:
        changes = compare(wanted, wanted, source, "before", "after", AT)
    assert changes.decision() == expected.get("decision", changes.decision())
    found = {change.component: change for change in changes.changes}
    assert set(found) == set(expected["changes"])
    for component, said in expected["changes"].items():
        change = found[component]
        assert (change.status, change.action) == (said["status"], said["action"]), change.reason
        assert said.get("reason", "") in change.reason
        assert set(said.get("evidence", [])) <= set(change.evidence)
        assert change.checked_at == AT


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_what_was_released_as_it_is_now_is_quiet(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text())
    source = FolderSource(case)
    wanted = environment(expected["settings"])
    for revision in ("before", "after"):
        if "look" in expected["settings"]:
            wanted = discovery.environment(source, revision)
        try:
            released = released_of(wanted, source, revision)
        except ConfigurationError:
            assert "error" in {said["status"] for said in expected["changes"].values()} or "can't be told" in str(
                expected
            )
            continue
        assert detect_offline(wanted, source, released, revision, AT).changes.quiet()
