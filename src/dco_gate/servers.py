"""The Neo4j servers behind the gate: where they are, and how to be sure that it is they."""

import ssl
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from dco_gate.errors import ConfigurationError

_TLS = {"bolt": False, "neo4j": False, "bolt+s": True, "neo4j+s": True}
PORT = 7687


class Server(msgspec.Struct, frozen=True):
    """One server; `uri` is how people and records name it."""

    uri: str
    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        return self.uri


def parse(uri: str) -> Server:
    """Read a server's address, as bolt://host:port or bolt+s://host:port. Raises `ConfigurationError`."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if parts.scheme not in _TLS or not host or parts.username or parts.path or parts.query:
        raise ConfigurationError(f"{uri!r} is no address of a server", "for example: bolt+s://10.0.1.7:7687")
    return Server(f"{parts.scheme}://{_bracketed(host)}:{port}", host, port, _TLS[parts.scheme])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Make what checks servers' certificates: by one authority if a file is given, else by the system's."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{ca_file} holds no certificates ({error})", "name a PEM file") from None
