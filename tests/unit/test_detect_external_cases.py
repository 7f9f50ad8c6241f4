"""Sources outside of the repository, a folder per case: what they are told, and what is found."""

import json
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from tests.unit.recorded import NOW, FolderSource, RecordedCatalogue, RecordedFleet, RecordedParameters

from dco.detect.external import questions
from dco.detect.question import answers
from dco.model.change import Action, Change, ChangeSet, Status
from dco.model.environment import Environment
from dco.model.errors import Unreadable
from dco.model.stackplan import InUse
from dco.seams.outside import Outside

CASES = sorted((Path(__file__).parents[1] / "cases" / "detect_external").iterdir())
BASE: dict[str, Any] = {
    "name": "production",
    "aws": {"region": "eu-central-1"},
    "state": {"bucket": "b"},
    "offering": {"kind": "command", "command": ["true"]},
}
DATABASE = {"uri_parameter": "/uri", "secret": "s", "slot": "/slot"}
APPLICATION = {
    "repository": "credcoin", "image_parameter": "/api/image", "builder": {"kind": "given", "parameter": "/x"},
}  # fmt: skip


def environment(settings: dict[str, Any]) -> Environment:
    whole = {**BASE, **settings}
    whole["databases"] = dict.fromkeys(settings.get("databases", []), DATABASE)
    whole["applications"] = dict.fromkeys(settings.get("applications", []), APPLICATION)
    whole["stacks"] = {name: {"directory": "infra"} for name in settings.get("stacks", [])}
    return msgspec.convert(whole, Environment)


def look(case: Path, said: dict[str, Any]) -> tuple[Change, ...]:
    wanted = environment(said["settings"])
    states: dict[str, Future[tuple[InUse, ...]]] = {name: Future() for name in wanted.stacks}
    for state in states.values():
        if "in_use" in said:
            state.set_result(msgspec.convert(said["in_use"], tuple[InUse, ...]))
        else:
            state.set_exception(Unreadable("the lock is held"))
    world = SimpleNamespace(
        catalogue=RecordedCatalogue(said.get("catalogue", {})),
        fleet=RecordedFleet(said.get("fleet", {})),
        parameters=RecordedParameters(said.get("parameters", {})),
        source=FolderSource(case / "files"),
        clock=SimpleNamespace(now=lambda: said.get("now", NOW)),
    )
    asked = list(questions(wanted, cast("Outside", world), "after", states))
    return tuple(change for answer in answers(asked) for change in answer.changes)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path) -> None:
    said = json.loads((case / "case.json").read_text())
    changes = look(case, said)
    found = {f"{change.source} {change.component}": change for change in changes}
    assert len(found) == len(changes), "every component is told once"
    assert set(found) == set(said["expected"])
    for name, wanted in said["expected"].items():
        change = found[name]
        told = {"status": change.status.value, "action": change.action.value, "available": change.available}
        assert {**told, **{key: wanted[key] for key in wanted if key != "reason"}} == told, change.reason
        assert wanted.get("reason", "") in change.reason


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nobody_who_answers_is_never_no_change(case: Path) -> None:
    said = json.loads((case / "case.json").read_text())
    silent = {key: said[key] for key in said if key not in {"catalogue", "fleet", "parameters", "in_use"}}
    changes = ChangeSet(look(case, silent))
    # these ask nobody, or have nothing to ask for
    alone = ("nothing is pinned here", "requirements.lock locks nothing that ships")
    told = [one for one in changes.changes if one.source != "end_of_life" and one.reason not in alone]
    assert all(change.status in {Status.UNKNOWN, Status.ERROR} for change in told)
    assert all(change.action is Action.NONE for change in told)


def test_every_source_has_cases() -> None:
    told = {
        name.partition(" ")[0] for case in CASES for name in json.loads((case / "case.json").read_text())["expected"]
    }
    assert told == set(msgspec.structs.asdict(environment({}).sources))


def test_nothing_is_asked_that_is_not_configured() -> None:
    assert list(questions(environment({}), cast("Outside", SimpleNamespace()), "after", {})) == []
