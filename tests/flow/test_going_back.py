"""Which release a rollback goes to, what it refuses, and what `adopt` refuses to record."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import msgspec
import pytest

from dco.flow.adopting import adopt
from dco.flow.rollback import Request, rollback
from dco.flow.tonight import Tonight
from dco.model.environment import Application, Aws, CommandOffering, Environment, GivenBuilder, Service, State, Verify
from dco.model.errors import ConfigurationError, DcoError, Refused
from dco.model.outcome import Outcome, Report
from dco.model.plan import Plan, Step
from dco.model.release import ApplicationRelease, Release
from dco.operations.service_roll import ServiceRoll
from dco.providers.memory import MemoryObjects
from dco.record import lock, nights, quarantine, releases
from dco.record.journal import ChainedJournal, entries
from dco.seams.outside import Outside
from dco.seams.services import Rollout

T = TypeVar("T")
OLD, NEW = (f"repo@sha256:{digit * 64}" for digit in "12")
SERVICE = Service(cluster="c", name="web", family="web", container="app")
ENVIRONMENT = Environment(
    name="desk",
    aws=Aws(region="eu-central-1"),
    state=State(bucket="b"),
    offering=CommandOffering(command=["true"]),
    applications={
        "web": Application(
            repository="repo",
            image_parameter="/web/image",
            builder=GivenBuilder(parameter="/web/built"),
            services={"web": SERVICE},
        )
    },
    verify=Verify(bake_seconds=0),
)


@dataclass
class Platform:
    """One service in memory: what it runs, and whether a new revision comes up."""

    image: str = NEW
    settled: bool = True
    sick: tuple[str, ...] = ()
    revisions: list[str] = field(default_factory=lambda: [NEW])
    slot: str = NEW

    def rollout(self, cluster: str, service: str, container: str | None = None) -> Rollout:
        del cluster, service, container
        good = self.settled and self.image not in self.sick
        return Rollout(
            revision=f"web:{self.revisions.index(self.image) + 1}",
            state="completed" if good else "failed",
            settled=good,
            wanted=1,
            running=1,
            failed_tasks=0,
            images=(self.image.rpartition("@")[2],),
            events=(),
        )

    def newest(self, family: str) -> str:
        return f"{family}:{len(self.revisions)}"

    def preflight(self, revision: str, image: str) -> tuple[()]:
        del revision, image
        return ()

    def register(self, base: str, image: str, token: str) -> str:
        del base, token
        if image not in self.revisions:
            self.revisions.append(image)
        return f"web:{self.revisions.index(image) + 1}"

    def standing(self, revision: str, token: str) -> str:
        del token
        return revision

    def registered(self, family: str, token: str) -> None:
        del family, token

    def roll(self, cluster: str, service: str, revision: str, *, singleton: bool) -> None:
        del cluster, service, singleton
        self.image = self.revisions[int(revision.partition(":")[2]) - 1]

    def failed_log(self, cluster: str, service: str, revision: str) -> tuple[str, ...]:
        del cluster, service, revision
        return ("it can't go on",)

    def get(self, name: str) -> str:
        assert name == "/web/image"
        return self.slot

    def put(self, name: str, value: str) -> None:
        del name
        self.slot = value


class Straight:
    """Steps that just run."""

    def run(self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        del name
        return msgspec.convert(msgspec.to_builtins(work()), kind)


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> str:
        return "2026-11-23T03:00:00.000Z"

    def seconds(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def nothing(*_: object) -> tuple[()]:
    return ()


def ann() -> str:
    return "arn:aws:iam::1:user/ann"


@dataclass
class Desk:
    platform: Platform = field(default_factory=Platform)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    running: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()

    def outside(self) -> Outside:
        made: Any = {
            "directory": Path("/nonexistent"),
            "alarms": SimpleNamespace(ringing=nothing),
            "clock": Clock(),
            "commands": SimpleNamespace(running=self.commands),
            "identity": SimpleNamespace(caller=ann),
            "notices": SimpleNamespace(send=nothing),
            "objects": self.objects,
            "parameters": self.platform,
            "services": self.platform,
            "source": SimpleNamespace(trouble=self.complaints, head=ann, resolve=str),
        }
        return Outside(**{name: made.get(name) for name in Outside.__dataclass_fields__})

    def commands(self, prefix: str) -> tuple[str, ...]:
        return tuple(token for token in self.running if token.startswith(prefix))

    def complaints(self, released: str | None) -> tuple[str, ...]:
        del released
        return self.trouble

    def back(self, to: str | None = None) -> Report:
        outside = self.outside()
        journal = ChainedJournal(outside.objects, outside.clock)
        operations: Any = {"service.roll": ServiceRoll(ENVIRONMENT, outside)}
        tonight = Tonight("20261123-030000-rollback", ENVIRONMENT, outside, journal, Straight(), operations)
        return rollback(tonight, Request(environment=ENVIRONMENT, began="", to=to, why="it is slow"))

    def release(self, night: str, image: str, revision: str) -> None:
        application = ApplicationRelease(image=image, content=revision)
        releases.write(
            self.objects,
            Release(environment="desk", revision=revision, night=night, at="", applications={"web": application}),
        )


def plan_of(image: str) -> Plan:
    step = Step(operation="service.roll", target="web", reason="", undo="", arguments={"image": image})
    return Plan(environment="desk", base="", revision="r2", changes=(), steps=(step,))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Two releases, the newer of which serves; files are not what is tried here."""

    def recorded(environment: Environment, outside: Outside, revision: str, night: str, at: str) -> Release:
        application = ApplicationRelease(image=outside.parameters.get("/web/image") or "", content=revision)
        return Release(environment=environment.name, revision=revision, night=night, at=at,
                       applications={"web": application})  # fmt: skip

    monkeypatch.setattr("dco.flow.ending.released_now", recorded)
    monkeypatch.setattr("dco.flow.adopting.released_now", recorded)
    made = Desk()
    made.release("20261121-030000", OLD, "r1")
    made.release("20261122-030000", NEW, "r2")
    nights.put_plan(made.objects, "20261122-030000", plan_of(NEW))
    return made


def present(desk: Desk) -> Release:
    found = releases.read(desk.objects)
    assert found is not None
    return found


def test_it_goes_to_the_release_before_and_keeps_out_what_was_left(desk: Desk) -> None:
    report = desk.back()
    assert (report.outcome, desk.platform.image, desk.platform.slot) == (Outcome.DEPLOYED, OLD, OLD)
    assert (present(desk).revision, present(desk).night) == ("r1", "20261123-030000-rollback")
    assert [kept.why for kept in quarantine.find(desk.objects, plan_of(NEW))] == ["it is slow"]
    assert lock.holder(desk.objects) is None
    said = [entry.sentence for entry in entries(desk.objects)]
    assert said[0] == "arn:aws:iam::1:user/ann goes back to r1 of night 20261121-030000: it is slow"


def test_going_back_twice_does_not_lead_forward_again(desk: Desk) -> None:
    desk.back()
    report = desk.back()
    assert report.outcome is Outcome.REFUSED
    assert "no release before the present one" in report.sentence
    assert desk.platform.image == OLD


def test_a_release_that_does_not_come_up_any_more_is_left_again(desk: Desk) -> None:
    desk.platform.sick = (OLD,)
    report = desk.back()
    assert report.outcome is Outcome.ROLLED_BACK
    assert "it can't go on" in report.sentence
    assert (desk.platform.image, desk.platform.slot, present(desk).revision) == (NEW, NEW, "r2")
    assert not quarantine.find(desk.objects, plan_of(NEW)), "what serves is not kept out"


def locked(desk: Desk) -> None:
    lock.take(desk.objects, lock.Lock(night="n9", who="bob", since="", why="deploys"))


def waiting(desk: Desk) -> None:
    nights.put_pointer(desk.objects, "n9")


def offering(desk: Desk) -> None:
    desk.running = ("offering-n9",)


def dirty(desk: Desk) -> None:
    desk.trouble = ("the checkout is shallow",)


@pytest.mark.parametrize(
    ("how", "to", "words"),
    [
        (locked, None, "night n9 of bob updates the environment"),
        (waiting, None, "night n9 waits for approval"),
        (offering, None, "the offering runs"),
        (dirty, None, "the checkout is shallow"),
        (None, "20261120-030000", "released nothing"),
        (None, "20261122-030000", "released the images and stacks that serve now"),
    ],
)
def test_it_refuses(desk: Desk, how: Callable[[Desk], None] | None, to: str | None, words: str) -> None:
    if how is not None:
        how(desk)
    report = desk.back(to)
    assert report.outcome in {Outcome.REFUSED, Outcome.MISCONFIGURED}
    assert words in report.sentence
    assert report.remedy
    assert (desk.platform.image, present(desk).revision) == (NEW, "r2")


def adopted(desk: Desk, *, again: bool = True) -> Release:
    return adopt(ENVIRONMENT, desk.outside(), None, "n1", again=again)


def test_adopt_records_what_runs(desk: Desk) -> None:
    assert adopted(desk).applications["web"].image == NEW
    assert present(desk).night == "n1"


@pytest.mark.parametrize(
    ("edit", "kind", "words"),
    [
        ({"settled": False}, Refused, "is not settled"),
        ({"slot": OLD}, Refused, "its slot names sha256:1111"),
        ({"slot": "repo:latest"}, ConfigurationError, "names no digest"),
    ],
)
def test_adopt_refuses_what_is_not_clear(desk: Desk, edit: dict[str, Any], kind: type[DcoError], words: str) -> None:
    for name, value in edit.items():
        setattr(desk.platform, name, value)
    with pytest.raises(kind, match=words) as refused:
        adopted(desk)
    assert refused.value.remedy
    assert present(desk).night == "20261122-030000"


def test_adopt_refuses_a_second_time_a_lock_and_a_dirty_checkout(desk: Desk) -> None:
    with pytest.raises(Refused, match="is recorded as released"):
        adopted(desk, again=False)
    dirty(desk)
    with pytest.raises(ConfigurationError, match="shallow"):
        adopted(desk)
    locked(desk)
    with pytest.raises(Refused, match="night n9 of bob"):
        adopted(desk)


def test_adopt_gives_back_the_lock_of_a_night_that_needed_a_person(desk: Desk) -> None:
    locked(desk)
    ended = Report(
        night="n9", environment="desk", outcome=Outcome.PERSON_NEEDED, sentence="look", began="", ended=""
    )  # fmt: skip
    nights.put_report(desk.objects, ended)
    adopted(desk)
    assert lock.holder(desk.objects) is None


def test_what_was_left_is_kept_out_of_plans_that_hold_more(desk: Desk) -> None:
    desk.back()
    more = Step(operation="workflow.accept", target="w.yml", reason="", undo="")
    plan = plan_of(NEW)
    assert quarantine.find(desk.objects, msgspec.structs.replace(plan, steps=(*plan.steps, more)))
    assert not quarantine.find(desk.objects, msgspec.structs.replace(plan, steps=(more,)))
