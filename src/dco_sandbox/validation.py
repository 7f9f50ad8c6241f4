"""Checks answers against botocore's model of them: no unknown member, none missing, each of its type."""

import json
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import botocore.session
import msgspec
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from dco_sandbox.calls import UNKNOWN
from dco_sandbox.exchange import Answer, Exchange, Serve

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "blob": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str),
}
_SUCCESS = range(200, 300)


class Violation(msgspec.Struct, frozen=True):
    """Where an answer differs from the model, and how."""

    service: str
    action: str
    path: str
    says: str


def validated(path: Path, serve: Serve) -> Serve:
    """Append what is wrong with any answer to a JSON-lines file; the answer itself passes unchanged."""
    lock = threading.Lock()

    def layer(exchange: Exchange) -> Answer:
        answer = serve(exchange)
        found = list(violations(exchange.call.service, exchange.call.action, answer))
        if found:
            with lock, path.open("ab") as file:
                file.writelines(msgspec.json.encode(violation) + b"\n" for violation in found)
        return answer

    return layer


def violations(service: str, action: str, answer: Answer) -> Iterator[Violation]:
    """Yield all differences of a successful answer; errors' shapes are checked by the client's parser."""
    if answer.status not in _SUCCESS:
        return
    if action == UNKNOWN:
        yield Violation(service, action, "", "the model has no such call")
        return
    operation = _model(service).operation_model(action)
    for path, says in _compare(operation, answer):
        yield Violation(service, action, path, says)


@cache
def _model(service: str) -> ServiceModel:
    """Load botocore's own model; moto's copy has been amended."""
    return botocore.session.Session().get_service_model(service)


def _compare(operation: OperationModel, answer: Answer) -> Iterator[tuple[str, str]]:
    shape = operation.output_shape
    if shape is None or not _has_body(shape):
        return
    try:
        if answer.body.lstrip()[:1] == b"{":
            yield from _json(json.loads(answer.body), shape, "")
        else:
            yield from _xml_answer(ET.fromstring(answer.body), shape)  # noqa: S314 - it is our own
    except (ValueError, ET.ParseError) as error:
        yield "", f"the body can't be read: {error}"


def _json(value: Any, shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    """Compare a value of a JSON body with its shape."""
    if value is None:
        return
    if isinstance(shape, StructureShape):
        yield from _json_structure(value, shape, path)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield path, f"{type(value).__name__} where the model has a list"
            return
        for index, item in enumerate(value):
            yield from _json(item, shape.member, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield path, f"{type(value).__name__} where the model has a map"
            return
        for key, item in value.items():
            yield from _json(item, shape.value, f"{path}.{key}")
    elif not isinstance(value, _JSON_TYPES[shape.type_name]) or (
        isinstance(value, bool) and shape.type_name != "boolean"
    ):
        yield path, f"{type(value).__name__} where the model has {shape.type_name}"


def _json_structure(value: Any, shape: StructureShape, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, f"{type(value).__name__} where the model has a structure"
        return
    named = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
    for key, item in value.items():
        if key not in named:
            yield f"{path}.{key}", "is not in the model"
        else:
            yield from _json(item, named[key][1], f"{path}.{key}")
    present = {named[key][0] for key in value if key in named}
    yield from ((f"{path}.{name}", "is required and missing") for name in shape.required_members if name not in present)


def _has_body(shape: StructureShape) -> bool:
    """Say whether the answer's body is the structure, and not an object's bytes or only headers."""
    payload = shape.serialization.get("payload")
    if payload is not None:
        return isinstance(shape.members[payload], StructureShape)
    return any("location" not in member.serialization for member in shape.members.values())


def _xml_answer(root: ET.Element, shape: StructureShape) -> Iterator[tuple[str, str]]:
    element: ET.Element | None = root
    wrapper: str = shape.serialization.get("resultWrapper", "")
    if wrapper:
        element = next((child for child in root if _tag(child) == wrapper), None)
    if element is None:
        yield wrapper, "is missing"
        return
    inner = shape.members[shape.serialization["payload"]] if "payload" in shape.serialization else shape
    ignored = {"requestId", "ResponseMetadata", "RequestId"} if inner is shape else set[str]()
    for name in ignored:
        for child in [child for child in element if _tag(child) == name and name not in _names(inner)]:
            element.remove(child)
    yield from _xml(element, inner, "")


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _names(shape: Shape) -> dict[str, Shape]:
    """Return the elements that a structure may have, each with its shape."""
    named: dict[str, Shape] = {}
    for name, member in getattr(shape, "members", {}).items():
        flat = isinstance(member, ListShape) and member.serialization.get("flattened")
        inner = member.member.serialization.get("name") if flat else None
        named[inner or member.serialization.get("name", name)] = member
    return named


def _xml(element: ET.Element, shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    """Compare an element with its shape."""
    if isinstance(shape, StructureShape):
        yield from _xml_structure(element, shape, path)
    elif isinstance(shape, ListShape) and not shape.serialization.get("flattened"):
        expected = shape.member.serialization.get("name", "member")
        for index, child in enumerate(element):
            if _tag(child) != expected:
                yield f"{path}[{index}]", f"is <{_tag(child)}> where the model has <{expected}>"
            else:
                yield from _xml(child, shape.member, f"{path}[{index}]")
    elif isinstance(shape, ListShape):
        yield from _xml(element, shape.member, path)
    elif not isinstance(shape, MapShape):
        yield from _xml_scalar(element.text or "", shape, path)


def _xml_structure(element: ET.Element, shape: StructureShape, path: str) -> Iterator[tuple[str, str]]:
    named = _names(shape)
    for child in element:
        tag = _tag(child)
        if tag not in named:
            yield f"{path}.{tag}", "is not in the model"
        else:
            yield from _xml(child, named[tag], f"{path}.{tag}")
    present = {_tag(child) for child in element}
    for name in shape.required_members:
        how = shape.members[name].serialization
        # An empty flattened list leaves no element behind; headers and attributes are not elements.
        elsewhere = "location" in how or how.get("flattened") or how.get("xmlAttribute")
        if how.get("name", name) not in present and not elsewhere:
            yield f"{path}.{name}", "is required and missing"


def _xml_scalar(text: str, shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    try:
        if shape.type_name in {"integer", "long"}:
            int(text)
        elif shape.type_name in {"float", "double"}:
            float(text)
        elif shape.type_name == "boolean" and text not in {"true", "false"}:
            yield path, f"{text!r} where the model has true or false"
    except ValueError:
        yield path, f"{text!r} where the model has {shape.type_name}"
