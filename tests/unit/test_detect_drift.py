"""What runs against what was released, and sources that fail or hang."""

import threading
import time
from typing import cast

import msgspec
import pytest

from dco.detect import drift
from dco.detect.question import Answer, Question, answers
from dco.model.change import Action, Status
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, Unreadable
from dco.model.release import ApplicationRelease, Release
from dco.model.slot import Slot
from dco.seams.services import Rollout, Services

DIGEST = "sha256:" + "a" * 64
IMAGE = f"registry/credcoin@{DIGEST}"
REVISION = "arn:aws:ecs:eu-central-1:123456789012:task-definition/f:7"
OTHER = "arn:aws:ecs:eu-central-1:123456789012:task-definition/f:8"
ENVIRONMENT = msgspec.convert(
    {
        "name": "production",
        "aws": {"region": "eu-central-1"},
        "state": {"bucket": "b"},
        "offering": {"kind": "command", "command": ["true"]},
        "applications": {
            "api": {
                "repository": "credcoin",
                "image_parameter": "/api/image",
                "builder": {"kind": "given", "parameter": "/x"},
                "services": {"web": {"cluster": "c", "name": "web", "family": "f", "container": "app"}},
                "families": ["offering"],
            }
        },
        "databases": {"ledger": {"uri_parameter": "/u", "secret": "s", "slot": "/slot"}},
    },
    Environment,
)
RELEASED = Release(
    environment="production",
    revision="0" * 40,
    night="n",
    at="t",
    applications={
        "api": ApplicationRelease(image=IMAGE, content="c", task_definitions={"f": REVISION, "offering": "offering:3"})
    },
    databases={"ledger": "slot"},
)
RUNS = Rollout(
    revision=REVISION, state="completed", settled=True, wanted=2, running=2, failed_tasks=0, images=(DIGEST,), events=()
)


class Platform:
    """A platform that says what a test wants."""

    def __init__(self, runs: Rollout = RUNS, newest: str = "offering:3", image: str = IMAGE) -> None:
        self._runs, self._newest, self._image = runs, newest, image

    def rollout(self, cluster: str, service: str, container: str | None = None) -> Rollout:
        assert (cluster, service, container) == ("c", "web", "app")
        return self._runs

    def newest(self, family: str) -> str:
        assert family == "offering"
        return self._newest

    def image_of(self, revision: str, container: str | None = None) -> str:
        del container
        assert revision == self._newest
        return self._image


class Values:
    """Parameters from a dictionary."""

    def __init__(self, **values: str) -> None:
        self._values = {f"/{name.replace('_', '/')}": value for name, value in values.items()}

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def put(self, name: str, value: str) -> None:
        raise NotImplementedError

    def secret(self, name: str) -> dict[str, str]:
        raise NotImplementedError


def found(platform: Platform, slot: str = IMAGE) -> dict[str, tuple[Status, Action]]:
    api = ENVIRONMENT.applications["api"]
    changes = drift.of_application("api", api, RELEASED, cast(Services, platform), Values(api_image=slot))
    return {
        change.component: (change.status, change.action) for change in changes if change.status is not Status.UNCHANGED
    }


def test_what_was_released_and_runs_is_unchanged() -> None:
    assert found(Platform()) == {}


def test_a_slot_that_somebody_set() -> None:
    assert found(Platform(), slot="registry/credcoin@sha256:other") == {
        "drift:slot/api": (Status.CHANGED, Action.REDEPLOY)
    }


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({"images": ("sha256:other",)}, (Status.CHANGED, Action.REDEPLOY)),
        ({"images": (DIGEST, "sha256:other")}, (Status.CHANGED, Action.REDEPLOY)),
        ({"revision": OTHER}, (Status.CHANGED, Action.APPROVE)),
        ({"revision": OTHER, "state": "in-progress"}, (Status.CHANGED, Action.BLOCK)),
        ({"wanted": 0, "running": 0, "images": ()}, (Status.CHANGED, Action.BLOCK)),
        ({"running": 0, "images": ()}, (Status.UNKNOWN, Action.NONE)),
    ],
)
def test_a_service_that_runs_something_else(more: dict[str, object], verdict: tuple[Status, Action]) -> None:
    assert found(Platform(msgspec.structs.replace(RUNS, **more))) == {"drift:service/web": verdict}


def test_a_replacement_of_a_dead_task_is_no_drift() -> None:
    assert found(Platform(msgspec.structs.replace(RUNS, state="in-progress", running=1, settled=False))) == {}


def test_a_family_whose_newest_revision_is_another() -> None:
    assert found(Platform(newest="offering:4", image="x@sha256:other")) == {
        "drift:family/offering": (Status.CHANGED, Action.REDEPLOY)
    }
    assert found(Platform(newest="offering:4")) == {"drift:family/offering": (Status.CHANGED, Action.APPROVE)}


def test_a_server_that_follows_is_no_drift_and_one_that_took_over_is() -> None:
    alone = Slot(image="ami-1", version="5.26.30", colour="blue")
    released = msgspec.structs.replace(RELEASED, databases={"ledger": alone.text()})
    joined = alone.joined("ami-2", "5.26.30")
    for there, action in ((joined, Action.NONE), (joined.swapped(), Action.BLOCK)):
        (change,) = drift.of_databases(ENVIRONMENT, released, Values(slot=there.text()))
        assert change.action is action


def test_a_databases_slot_that_somebody_set_or_removed_blocks() -> None:
    assert drift.of_databases(ENVIRONMENT, RELEASED, Values(slot="slot"))[0].status is Status.UNCHANGED
    for values in (Values(slot="another"), Values()):
        (change,) = drift.of_databases(ENVIRONMENT, RELEASED, values)
        assert (change.status, change.action) == (Status.CHANGED, Action.BLOCK)
        assert "dco adopt" in change.reason


def test_a_source_that_fails_or_hangs_is_never_quiet_and_keeps_nobody_waiting() -> None:
    forever = threading.Event()

    def hang() -> Answer:
        forever.wait(30)
        return Answer(())

    def unreadable() -> Answer:
        raise Unreadable("the endpoint does not answer", "start it")

    def misconfigured() -> Answer:
        raise ConfigurationError("there is no such service")

    def defect() -> Answer:
        raise KeyError("surprise")

    began = time.monotonic()
    asks = {"hangs": hang, "unreadable": unreadable, "misconfigured": misconfigured, "defect": defect}
    said = answers([Question("drift", f"drift:{name}", ask, 0.3) for name, ask in asks.items()])
    forever.set()
    assert time.monotonic() - began < 5
    statuses = {change.component: change.status for answer in said for change in answer.changes}
    assert statuses == {
        "drift:hangs": Status.UNKNOWN,
        "drift:unreadable": Status.UNKNOWN,
        "drift:misconfigured": Status.ERROR,
        "drift:defect": Status.ERROR,
    }
