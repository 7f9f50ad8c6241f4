"""What Terraform is answered when things go well and when they don't, without a Terraform."""

import stat
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dco_sandbox.provider import VERSION
from dco_sandbox.provider import kind as kinds
from dco_sandbox.provider.aws import AGENT, Aws
from dco_sandbox.provider.install import cli_config, install
from dco_sandbox.provider.kind import Kind, is_gone, once_visible, wait_until
from dco_sandbox.provider.schema import TAGS, computed, optional, pb, required
from dco_sandbox.provider.servicer import Servicer
from dco_sandbox.provider.wire import UNKNOWN, Values, pack, unpack


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said AWS"}}, "DoIt")


class Shelf(Kind):  # its verbs have the seam's shape, needed or not
    """A kind over a dictionary, which fails where it is told to."""

    name = "aws_shelf"
    attributes = (computed("id"), required("name", new=True), optional("colour"), *TAGS)

    def __init__(self, fail: str = "") -> None:
        self.fail = fail
        self.kept: dict[str, Values] = {}
        self.tags: list[tuple[dict[str, str], list[str]]] = []

    def _may(self, verb: str) -> None:
        if self.fail == verb:
            raise refusal("AccessDenied")

    def create(self, aws: Aws, want: Values) -> Values:  # noqa: ARG002
        self._may("create")
        self.kept["s-1"] = {"name": want["name"], "colour": want["colour"], "tags_all": want["tags_all"]}
        return {"id": "s-1"}

    def arrange(self, aws: Aws, state: Values) -> None:  # noqa: ARG002
        self._may("arrange")

    def read(self, aws: Aws, have: Values) -> Values | None:  # noqa: ARG002
        self._may("read")
        if have["id"] not in self.kept:
            raise refusal("InvalidShelf.NotFound")
        return self.kept[have["id"]]

    def update(self, aws: Aws, have: Values, want: Values) -> None:  # noqa: ARG002
        self._may("update")
        self.kept[have["id"]] |= {"colour": want["colour"]}

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:  # noqa: ARG002
        self.tags.append((add, remove))
        self.kept[have["id"]]["tags_all"] = {k: v for k, v in add.items() if k not in remove}

    def delete(self, aws: Aws, have: Values) -> None:  # noqa: ARG002
        self._may("delete")
        del self.kept[have["id"]]


def servicer(shelf: Shelf) -> Servicer:
    made = Servicer()
    made._kinds[shelf.name] = shelf
    return made


def apply(made: Servicer, prior: Values | None, planned: Values | None) -> tuple[Values | None, list[str]]:
    request = pb.ApplyResourceChange.Request(
        type_name="aws_shelf",
        prior_state=pb.DynamicValue(msgpack=pack(prior)),
        planned_state=pb.DynamicValue(msgpack=pack(planned)),
    )
    answer: Any = made.ApplyResourceChange(request, None)
    return unpack(answer.new_state.msgpack), [each.summary for each in answer.diagnostics]


ASKED: Values = {"id": UNKNOWN, "name": "a", "colour": None, "tags": {"k": "v"}, "tags_all": {"k": "v"}}
MADE: Values = {**ASKED, "id": "s-1"}


def test_a_shelf_is_made_changed_and_ended() -> None:
    shelf = Shelf()
    made = servicer(shelf)
    assert apply(made, None, ASKED) == (MADE, [])
    blue = {**MADE, "colour": "blue", "tags": {"k": "w"}, "tags_all": {"k": "w"}}
    assert apply(made, MADE, blue) == (blue, [])
    assert shelf.tags == [({"k": "w"}, [])]
    assert apply(made, blue, None) == (None, [])
    assert shelf.kept == {}


def test_what_exists_is_kept_in_the_state_when_its_arrangement_fails() -> None:
    state, troubles = apply(servicer(Shelf("arrange")), None, ASKED)
    assert state is not None
    assert state["id"] == "s-1"
    assert troubles == ["creating aws_shelf: AccessDenied"]


def test_nothing_is_kept_when_nothing_was_made() -> None:
    assert apply(servicer(Shelf("create")), None, ASKED) == (None, ["creating aws_shelf: AccessDenied"])


def test_what_could_not_be_changed_or_ended_stays_as_it_was() -> None:
    shelf = Shelf()
    made = servicer(shelf)
    apply(made, None, ASKED)
    shelf.fail = "update"
    assert apply(made, MADE, {**MADE, "colour": "blue"}) == (MADE, ["updating aws_shelf: AccessDenied"])
    shelf.fail = "delete"
    assert apply(made, MADE, None) == (MADE, ["deleting aws_shelf: AccessDenied"])


def test_what_is_gone_is_read_as_gone_and_what_is_forbidden_as_an_error() -> None:
    def read(shelf: Shelf) -> tuple[Values | None, list[str]]:
        request = pb.ReadResource.Request(type_name="aws_shelf", current_state=pb.DynamicValue(msgpack=pack(MADE)))
        answer: Any = servicer(shelf).ReadResource(request, None)
        return unpack(answer.new_state.msgpack), [each.summary for each in answer.diagnostics]

    assert read(Shelf()) == (None, [])
    assert read(Shelf("read")) == (MADE, ["reading aws_shelf: AccessDenied"])


def test_a_neighbour_just_made_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds.time, "sleep", list[float]().append)
    answers: list[ClientError | str] = [refusal("NoSuchEntity"), refusal("InvalidGroup.NotFound"), "here"]

    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, ClientError):
            raise answer
        return answer

    assert once_visible(ask) == "here"
    for code in ("AccessDenied", "InvalidAMIID.NotFound"):
        answers = [refusal(code), "never asked"]
        with pytest.raises(ClientError):
            once_visible(ask)
    answers = [refusal("NoSuchEntity")]
    with pytest.raises(ClientError):
        once_visible(ask, seconds=-1)


def test_waiting_ends_and_says_for_what() -> None:
    with pytest.raises(TimeoutError, match="volume v-1"):
        wait_until("volume v-1", lambda: False, -1)


def test_gone_is_told_from_forbidden() -> None:
    gone = ("InvalidVpcID.NotFound", "NoSuchBucket", "ParameterNotFound", "TargetGroupNotFound", "NoSuchEntity")
    assert all(is_gone(refusal(code)) for code in gone)
    assert not any(is_gone(refusal(code)) for code in ("AccessDenied", "Throttling", "DependencyViolation"))


def test_calls_are_marked_as_terraforms_and_throttles_are_tried_again() -> None:
    client = Aws(region="eu-central-1")("sts")
    assert f"terraform-provider-aws/{VERSION}" == AGENT
    assert AGENT in client.meta.config.user_agent
    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 7}


def test_the_mirror_is_written_once_and_named_by_the_configuration(tmp_path: Path) -> None:
    program = install(tmp_path, Path("/usr/bin/python3"))
    assert program.relative_to(tmp_path).parts[:4] == ("registry.terraform.io", "hashicorp", "aws", VERSION)
    assert program.name == f"terraform-provider-aws_v{VERSION}"
    assert program.stat().st_mode & stat.S_IXUSR
    before = program.stat()
    assert install(tmp_path, Path("/usr/bin/python3")) == program
    assert program.stat().st_mtime_ns == before.st_mtime_ns
    assert program.stat().st_ino == before.st_ino
    assert f'path    = "{tmp_path}"' in cli_config(tmp_path)
