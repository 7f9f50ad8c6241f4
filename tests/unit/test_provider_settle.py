"""What counts as a change, and what only looks different."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.catalogue import kinds
from dco_sandbox.provider.ecs import same_containers
from dco_sandbox.provider.kind import Kind
from dco_sandbox.provider.planning import plan_change
from dco_sandbox.provider.schema import NUMBER, TEXT_SET, Block, complete, optional, required
from dco_sandbox.provider.settle import same, same_blocks, same_json, settle
from dco_sandbox.provider.wire import UNKNOWN, Values, pack, unpack

KINDS = {kind.name: kind for kind in kinds()}
HEALTH = Block("health_check", (optional("path", default="/"), optional("interval", NUMBER, default=30)), most=1)
DOORS = Block("door", (required("port", NUMBER),), as_set=True)


def planned(kind: Kind, prior: Values | None, config: Values) -> tuple[Values, list[str]]:
    whole = complete(kind.attributes, kind.blocks, config)
    proposed = dict(whole)
    for attribute in kind.attributes:
        if attribute.computed and whole[attribute.name] is None and prior:
            proposed[attribute.name] = prior[attribute.name]
    return plan_change(kind, Aws(default_tags={"Project": "credcoin"}), prior, proposed, whole)


@pytest.mark.parametrize(
    ("left", "right", "alike"),
    [
        ('{"a": 1, "b": [2]}', '{"b":[2],"a":1}', True),
        ('{"Action": ["s3:GetObject"]}', '{"Action": "s3:GetObject"}', True),
        ('{"Action": ["a", "b"]}', '{"Action": ["a"]}', False),
        ("not json", "not json", True),
        ("not json", "{}", False),
    ],
)
def test_policies_are_compared_by_meaning(left: str, right: str, alike: bool) -> None:
    assert same_json(left, right) is alike


def test_what_ecs_adds_to_a_container_is_no_change() -> None:
    mine = {
        "name": "api",
        "image": "credcoin@sha256:1",
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "command": None,
    }
    theirs: dict[str, Any] = {
        **{k: v for k, v in mine.items() if v},
        "cpu": 0,
        "essential": True,
        "mountPoints": [],
        "volumesFrom": [],
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
    }
    assert same_containers(json.dumps([mine]), json.dumps([theirs]))
    assert not same_containers(json.dumps([mine]), json.dumps([{**theirs, "image": "credcoin@sha256:2"}]))


def test_a_block_at_its_defaults_is_read_back_as_it_was_put() -> None:
    asked: Values = {"health_check": [{"path": None, "interval": 10}]}
    real: Values = {"health_check": [{"path": "/", "interval": 10}]}
    assert settle((), (HEALTH,), asked, real) == asked
    moved: Values = {"health_check": [{"path": "/other", "interval": 30}]}
    assert settle((), (HEALTH,), asked, moved) == {"health_check": [{"path": "/other", "interval": None}]}


def test_what_aws_does_not_tell_stays_as_it_was_put() -> None:
    attributes = (optional("name"), optional("secret"))
    assert settle(attributes, (), {"name": "a", "secret": "b"}, {"name": "c"}) == {"name": "c", "secret": "b"}


@given(st.permutations([80, 443, 8080]))
def test_the_order_of_a_set_does_not_count(ports: list[int]) -> None:
    left = [{"port": port} for port in (80, 443, 8080)]
    assert same_blocks(DOORS, left, [{"port": port} for port in ports])
    assert same(optional("ports", TEXT_SET), ["80", "443", "8080"], [str(port) for port in ports])
    assert not same_blocks(DOORS, left, [{"port": port} for port in (80, 80, 443)])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_values_cross_the_wire_unharmed(value: Any) -> None:
    assert unpack(pack(value)) == value


def test_an_unknown_crosses_the_wire_and_is_like_nothing() -> None:
    assert unpack(pack({"id": UNKNOWN})) == {"id": UNKNOWN}
    assert not same(optional("x"), UNKNOWN, UNKNOWN)


def test_creating_leaves_open_what_only_aws_knows_and_fills_in_defaults() -> None:
    result, replace = planned(KINDS["aws_lb_target_group"], None, {"name": "api", "port": 8080})
    assert (result["arn"], result["slow_start"], result["port"], replace) == (UNKNOWN, 0, 8080, [])
    assert result["tags_all"] == {"Project": "credcoin"}


def test_a_changed_image_replaces_a_task_definition_and_its_order_of_keys_does_not() -> None:
    kind = KINDS["aws_ecs_task_definition"]
    text = json.dumps([{"name": "api", "image": "credcoin@sha256:1"}])
    prior, _ = planned(kind, None, {"family": "api", "container_definitions": text})
    prior |= {"arn": "arn:api:1", "id": "api", "revision": 1, "network_mode": "awsvpc"}
    prior |= {"arn_without_revision": "arn:api"}
    same_again = json.dumps([{"image": "credcoin@sha256:1", "name": "api"}])
    result, replace = planned(kind, prior, {"family": "api", "container_definitions": same_again})
    assert (result, replace) == (prior, [])
    other = json.dumps([{"name": "api", "image": "credcoin@sha256:2"}])
    assert planned(kind, prior, {"family": "api", "container_definitions": other})[1] == ["container_definitions"]


def test_a_changed_block_that_cannot_change_replaces() -> None:
    kind = KINDS["aws_ecs_service"]
    prior, _ = planned(kind, None, {"name": "api", "deployment_controller": [{"type": "ECS"}]})
    changed = {"name": "api", "deployment_controller": [{"type": "CODE_DEPLOY"}]}
    assert "deployment_controller" in planned(kind, prior, changed)[1]


def test_a_new_value_leaves_the_version_of_a_parameter_open() -> None:
    kind = KINDS["aws_ssm_parameter"]
    config = {"name": "/a", "type": "String", "value": "1"}
    prior = {**planned(kind, None, config)[0], "id": "/a", "arn": "arn", "version": 1}
    assert planned(kind, prior, config)[0]["version"] == 1
    assert planned(kind, prior, {**config, "value": "2"})[0]["version"] == UNKNOWN


def test_tags_that_are_nobodys_business_are_not_seen() -> None:
    kind = KINDS["aws_vpc"]
    aws = Aws(default_tags={"Project": "credcoin"}, ignored_keys=("dco:token",))
    real = {"tags_all": {"Project": "credcoin", "Name": "x", "dco:token": "t", "aws:cloud": "y"}}
    state = kind.state(aws, {"tags": {"Name": "x"}}, real)
    assert (state["tags"], state["tags_all"]) == ({"Name": "x"}, {"Project": "credcoin", "Name": "x"})
    drifted = kind.state(aws, {"tags": {"Name": "x"}}, {"tags_all": {"Project": "other", "Name": "x"}})
    assert drifted["tags"] == {"Name": "x", "Project": "other"}
