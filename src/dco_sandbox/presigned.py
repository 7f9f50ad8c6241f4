"""Presigned requests, as STS takes them: signature and time are checked as AWS does ("Signature Version 4, query").

S3's own are left to moto. What moto gets has the credential in a header, where it looks for one.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

from moto.backends import get_backend

from dco_sandbox.exchange import Answer, Exchange, Serve, refuse

_FORBIDDEN = 403


def secret_of(account: str, access_key: str) -> str | None:
    """Return the secret of an IAM user's access key, None when there is no such key."""
    for user in list(get_backend("iam")[account]["aws"].users.values()):
        for key in user.access_keys:
            if key.access_key_id == access_key:
                return str(key.secret_access_key)
    return None


def checked(secret: Callable[[str], str | None], serve: Serve) -> Serve:
    """Refuse presigned requests whose signature is wrong or too old; stands directly around moto."""

    def layer(exchange: Exchange) -> Answer:
        query = dict(parse_qsl(str(exchange.environ.get("QUERY_STRING", "")), keep_blank_values=True))
        if "X-Amz-Signature" not in query or exchange.call.service == "s3":
            return serve(exchange)
        key = secret(exchange.call.access_key)
        if key is None:
            return refuse(exchange.call, "InvalidClientTokenId", "The security token is invalid", _FORBIDDEN)
        if _ended(query) < datetime.now(UTC):
            return refuse(exchange.call, "ExpiredToken", "The request has expired", _FORBIDDEN)
        if not hmac.compare_digest(query["X-Amz-Signature"], signature(exchange, query, key)):
            return refuse(exchange.call, "SignatureDoesNotMatch", "The request signature does not match", _FORBIDDEN)
        header = f"AWS4-HMAC-SHA256 Credential={query['X-Amz-Credential']}, SignedHeaders=host, Signature=0"
        return serve(Exchange(exchange.call, {**exchange.environ, "HTTP_AUTHORIZATION": header}, exchange.body))

    return layer


def _ended(query: Mapping[str, str]) -> datetime:
    signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return signed + timedelta(seconds=int(query["X-Amz-Expires"]))


def signature(exchange: Exchange, query: Mapping[str, str], secret: str) -> str:
    """Compute the signature that a presigned request must have."""
    _, *scope = query["X-Amz-Credential"].split("/")
    signed = {name: value for name, value in query.items() if name != "X-Amz-Signature"}
    headers = query["X-Amz-SignedHeaders"].split(";")
    request = [
        str(exchange.environ["REQUEST_METHOD"]),
        str(exchange.environ.get("PATH_INFO") or "/"),
        "&".join(f"{_quoted(name)}={_quoted(signed[name])}" for name in sorted(signed)),
        *(f"{name}:{_header(exchange.environ, name)}" for name in headers),
        "",
        ";".join(headers),
        hashlib.sha256(exchange.body).hexdigest(),
    ]
    digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), digest])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _header(environ: Mapping[str, Any], name: str) -> str:
    return " ".join(str(environ.get(f"HTTP_{name.upper().replace('-', '_')}", "")).split())


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
