"""What passes between the layers of the daemon's front: one request, read whole, and its answer."""

import io
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel
from moto.core.request import determine_request_protocol
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

_READS = ("Describe", "List", "Get", "Head", "BatchGet", "BatchCheck", "Filter", "Simulate", "Lookup", "Search")


@dataclass(frozen=True)
class Call:
    """An AWS call as the request itself tells it; names are boto3's (`elbv2`, `DescribeRules`)."""

    service: str
    action: str
    access_key: str
    user_agent: str
    content_type: str

    @property
    def mutating(self) -> bool:
        """Say whether the action's name is that of one that changes something; in doubt it does."""
        return not self.action.startswith(_READS)


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Exchange:
    """A request: its call, its WSGI environment without the input, and the input's bytes."""

    call: Call
    environ: Mapping[str, Any]
    body: bytes

    def fresh_environ(self) -> dict[str, Any]:
        """Return an environment whose input can be read from the beginning."""
        environ = {key: value for key, value in self.environ.items() if key != "HTTP_TRANSFER_ENCODING"}
        return {**environ, "wsgi.input": io.BytesIO(self.body), "CONTENT_LENGTH": str(len(self.body))}


Serve = Callable[[Exchange], Answer]
"""A layer of the front; it answers, asks the layer inside it, or raises `Dropped`."""


class Dropped(Exception):  # noqa: N818 - it is an outcome: the client gets no answer
    """The connection is to be closed without an answer."""


class Refusal(ServiceException):
    """An error that the front itself answers with; a class of ours, because moto looks where it comes from."""


def refuse(call: Call, code: str, message: str, status: int) -> Answer:
    """Answer an error in the shape that the call's protocol has for it."""
    service = get_service_model(call.service)
    protocol = determine_request_protocol(service, call.content_type)
    known = call.action in service.operation_names
    operation = service.operation_model(call.action) if known else OperationModel({}, service)
    serializer = get_serializer_class(service.service_name, protocol)(operation_model=operation)
    answer = serializer.serialize(Refusal(code, message))
    body = answer["body"]
    content = body.encode() if isinstance(body, str) else bytes(body)
    headers = [(str(name), str(value)) for name, value in answer["headers"].items()]
    return Answer(status, [*headers, ("x-amzn-RequestId", "00000000-sandbox")], content)


def run_wsgi(app: Callable[..., Any], exchange: Exchange) -> Answer:
    """Ask a WSGI application for its whole answer."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _failure: Any = None) -> None:
        started.append((status, headers))

    body = b"".join(_chunks(app(exchange.fresh_environ(), start_response)))
    status, headers = started[-1]
    return Answer(int(status.split()[0]), headers, body)


def _chunks(answer: Any) -> Generator[bytes]:
    """Yield an answer's chunks, and close it as WSGI demands."""
    try:
        yield from answer
    finally:
        if close := getattr(answer, "close", None):
            close()
