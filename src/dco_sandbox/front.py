"""The daemon's front: nested layers of one concern each around moto, and what is no AWS API beside them."""

import logging
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.http import HTTP_STATUS_CODES

from dco_sandbox import calls, consistency, faults, presigned
from dco_sandbox.consistency import Past
from dco_sandbox.exchange import Answer, Dropped, Exchange, Serve, refuse, run_wsgi
from dco_sandbox.faults import Faults
from dco_sandbox.runtime import Runtime
from dco_sandbox.state import State
from dco_sandbox.trail import record

# What else a service's calls change in moto: a network interface for a task, a target's security group, …
_REACHES = {"ecs": ("ec2", "elbv2", "logs"), "elbv2": ("ec2",), "ec2": ("ssm",), "ssm": ("ec2",)}

_log = logging.getLogger(__name__)

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def moto_front(runtime: Runtime, state: State, past: Past, rules: Faults) -> Serve:
    """Build the layers around moto, the innermost first."""
    serve = _in_moto(DomainDispatcherApplication(create_backend_app))  # pyright: ignore[reportArgumentType]
    serve = record.recorded(runtime.world, lambda key: calls.user_of(runtime.world.account, key), serve)
    serve = presigned.checked(lambda key: presigned.secret_of(runtime.world.account, key), serve)
    serve = _saved(runtime, state, past, serve)
    serve = consistency.stale(past, serve)
    serve = _locked(runtime, serve)
    serve = faults.faulty(rules, serve)
    account = runtime.world.account
    path = runtime.world.sandbox / "calls.jsonl"
    return calls.logged(path, lambda key: calls.user_of(account, key), serve)


def _in_moto(app: Any) -> Serve:
    def layer(exchange: Exchange) -> Answer:
        try:
            return run_wsgi(app, exchange)
        except NotImplementedError as error:
            return refuse(exchange.call, "NotImplemented", f"The sandbox's AWS can't do this: {error}", 501)
        except Exception:  # noqa: BLE001 - the edge: what breaks inside moto is an internal failure of "AWS"
            _log.exception("%s %s broke", exchange.call.service, exchange.call.action)
            return refuse(exchange.call, "InternalFailure", "See sandbox/logs/daemon.log", 500)

    return layer


def _saved(runtime: Runtime, state: State, past: Past, serve: Serve) -> Serve:
    """Write what a call has changed to disk before its answer leaves, also when it was refused."""

    def layer(exchange: Exchange) -> Answer:
        answer = serve(exchange)
        service = exchange.call.service
        if exchange.call.mutating:
            runtime.touch(service, *_REACHES.get(service, ()))
        past.remember(state.save(runtime.take_dirty()))
        return answer

    return layer


def _locked(runtime: Runtime, serve: Serve) -> Serve:
    def layer(exchange: Exchange) -> Answer:
        with runtime.lock:
            return serve(exchange)

    return layer


class Front:
    """The WSGI application: pages of layers, the control API, and AWS for all other paths."""

    def __init__(self, runtime: Runtime, serve: Serve, control: Callable[[str, str, bytes], Any]) -> None:
        self._runtime = runtime
        self._serve = serve
        self._control = control

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or close its connection when a fault says so."""
        body = _read_body(environ)
        path = urlsplit(environ.get("RAW_URI", environ.get("PATH_INFO", "/"))).path
        try:
            answer = self._answer(environ, path, body)
        except Dropped as dropped:
            # werkzeug's server takes this for a client that went away, and writes nothing.
            raise ConnectionAbortedError from dropped
        headers = answer.headers
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers = [*headers, ("Content-Length", str(len(answer.body)))]
        start_response(_status_line(answer.status), headers)
        return [answer.body]

    def _answer(self, environ: dict[str, Any], path: str, body: bytes) -> Answer:
        if path.startswith("/_sandbox/"):
            return _json(self._control(environ["REQUEST_METHOD"], path.removeprefix("/_sandbox/"), body))
        for prefix, page in self._runtime.pages.items():
            if path.startswith(prefix):
                with self._runtime.lock:
                    return _json(page(path))
        return self._serve(Exchange(calls.identify(environ, body), environ, body))


def _read_body(environ: dict[str, Any]) -> bytes:
    """Read the input whole; one that is chunked ends by itself, any other after its announced length."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(stream.read())
    return bytes(stream.read(int(environ.get("CONTENT_LENGTH") or 0)))


def _json(value: Any) -> Answer:
    if value is None:
        return Answer(404, [("Content-Type", "application/json")], b'{"error": "not here"}')
    return Answer(200, [("Content-Type", "application/json")], msgspec.json.encode(value))


def _status_line(status: int) -> str:
    return f"{status} {HTTP_STATUS_CODES.get(status, 'Unknown')}"


def open_backends(account: str) -> None:
    """Have moto make the backends of the sandbox's services, so that importing them delays no first call."""
    for service in ("ec2", "ecs", "elbv2", "iam", "s3", "ssm", "secretsmanager", "ecr", "logs", "cloudwatch", "sns"):
        backends: BackendDict[Any] = get_backend(service)
        _ = backends[account]
