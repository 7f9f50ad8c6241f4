"""Container registries by the OCI distribution API, read without an account."""

import re

import msgspec

from dco.providers.registries.http import Connections, Registry, Reply
from dco.seams.catalogue import Published

_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_UNAUTHORIZED = 401


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


class _Token(msgspec.Struct):
    token: str = ""
    access_token: str = ""


class Containers:
    """A container registry. What it gives a token for is asked where it says, as its protocol has it."""

    def __init__(self, registry: Registry, connections: Connections, seconds: float) -> None:
        self._registry = registry
        self._connections = connections
        self._seconds = seconds

    def versions(self, name: str) -> tuple[Published, ...]:
        """Return the tags of a repository. Raises `Unreadable`."""
        reply = self._ask("GET", f"v2/{name}/tags/list", "application/json")
        tags = self._registry.decode(reply, _Tags).tags
        if not tags:
            raise self._registry.trouble(f"answered without a tag of {name}")
        if "link" in reply.headers:
            raise self._registry.trouble(f"lists the tags of {name} in pages, which are not read here")
        return tuple(Published(version=tag) for tag in tags)

    def digest(self, name: str, tag: str) -> str:
        """Return what a tag names now. Raises `Unreadable`."""
        digest = self._ask("HEAD", f"v2/{name}/manifests/{tag}", _MANIFESTS).headers.get("docker-content-digest", "")
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise self._registry.trouble(f"did not say which digest {name}:{tag} has")
        return digest

    def _ask(self, method: str, path: str, accept: str) -> Reply:
        reply = self._registry.ask(method, path, {"Accept": accept})
        if reply.status == _UNAUTHORIZED:
            token = self._token(reply)
            reply = self._registry.ask(method, path, {"Accept": accept, "Authorization": f"Bearer {token}"})
        return self._registry.checked(path, reply)

    def _token(self, reply: Reply) -> str:
        challenge = dict(_CHALLENGE.findall(reply.headers.get("www-authenticate", "")))
        realm = challenge.pop("realm", "")
        # strangers' tokens are no secret, but nobody should be able to make us ask in the clear
        if not realm.startswith(("https://", self._registry.address)):
            raise self._registry.trouble("wants a login that is not known here")
        issuer = Registry("its token issuer", realm, self._connections, self._seconds)
        params = {key: value for key, value in challenge.items() if key in {"service", "scope"}}
        given = issuer.decode(issuer.get(realm, params=params), _Token)
        if not (token := given.token or given.access_token):
            raise self._registry.trouble("gives no token to strangers")
        return token
