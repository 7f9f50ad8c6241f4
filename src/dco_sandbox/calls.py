"""Which AWS call a request is, and the log of calls, one JSON line each, that benchmarks and tests count."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
from moto.backends import get_backend
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from dco_sandbox.exchange import Answer, Call, Dropped, Exchange, Serve

# Where the name that a request is signed with is not the one that boto3 calls the service by.
_SIGNED_AS = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/aws4_request")
UNKNOWN = "Unknown"


class Line(msgspec.Struct, frozen=True):
    """A call in the log; status 0 means that the connection was closed without an answer."""

    time: float
    service: str
    action: str
    mutating: bool
    user: str
    user_agent: str
    status: int
    ms: float


def identify(environ: Mapping[str, Any], body: bytes) -> Call:
    """Tell service and action from signature, headers, path and body; the action is `Unknown` if none fits."""
    access_key, signed_as = _credential(environ)
    service = _SIGNED_AS.get(signed_as, signed_as)
    unnamed = Call(service, UNKNOWN, access_key, environ.get("HTTP_USER_AGENT", ""), environ.get("CONTENT_TYPE", ""))
    try:
        operation, _ = get_service_router(service).match(Request(Exchange(unnamed, environ, body).fresh_environ()))
    except (NotFound, NotImplementedError):
        return unnamed
    return Call(service, operation.name, access_key, unnamed.user_agent, unnamed.content_type)


def _credential(environ: Mapping[str, Any]) -> tuple[str, str]:
    """Return the access key and the service that a request is signed for; an unsigned one is taken for S3's."""
    header = str(environ.get("HTTP_AUTHORIZATION", ""))
    presigned = parse_qs(str(environ.get("QUERY_STRING", ""))).get("X-Amz-Credential", [""])[0]
    match = _CREDENTIAL.search(header) or _CREDENTIAL.search(f"Credential={presigned}")
    if match is None:
        return "", "s3"
    return match[1], match[2] if _exists(match[2]) else "s3"


def _exists(signed_as: str) -> bool:
    try:
        get_service_model(_SIGNED_AS.get(signed_as, signed_as))
    except Exception as error:  # noqa: BLE001 - botocore's loader has many ways to say that it knows no such service
        return not error
    return True


def user_of(account: str, access_key: str) -> str:
    """Return the IAM user that an access key belongs to, or the key itself when it is nobody's."""
    for user in list(get_backend("iam")[account]["aws"].users.values()):
        if user.has_access_key(access_key):
            return str(user.name)
    return access_key


def logged(path: Path, user: Callable[[str], str], serve: Serve) -> Serve:
    """Note every call with its outcome after it was answered; the outermost layer, so faults show as well."""
    lock, encoder = threading.Lock(), msgspec.json.Encoder()

    def note(exchange: Exchange, status: int, began: float) -> None:
        call, now = exchange.call, time.time()
        line = Line(
            now,
            call.service,
            call.action,
            call.mutating,
            user(call.access_key),
            call.user_agent,
            status,
            round((now - began) * 1000, 1),
        )
        with lock, path.open("ab") as file:
            file.write(encoder.encode(line) + b"\n")

    def layer(exchange: Exchange) -> Answer:
        began = time.time()
        try:
            answer = serve(exchange)
        except Dropped:
            note(exchange, 0, began)
            raise
        note(exchange, answer.status, began)
        return answer

    return layer


def read(path: Path) -> Iterator[Line]:
    """Yield the log's lines, oldest first; none when there is no log yet."""
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(Line)
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield decoder.decode(line)
