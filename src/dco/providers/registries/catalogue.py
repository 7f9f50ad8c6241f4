"""`seams.catalogue.Catalogue` over HTTP. What has no address is never asked, and so unknown."""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from dco.model.errors import Unreadable
from dco.model.watching import Registries
from dco.providers.registries import clients, github, lifetimes, maven, npm, osv, pypi, terraform
from dco.providers.registries.containers import Containers
from dco.providers.registries.http import Connections, Registry
from dco.seams.catalogue import Advisory, Kind, Package, Published

_FROM_CLIENTS: Mapping[str, Callable[[], str | None]] = {
    "npm": clients.npm_registry,
    "pypi": clients.pip_index,
    "maven": clients.maven_repository,
}
_KEYS = {
    Kind.NPM: "npm",
    Kind.PYPI: "pypi",
    Kind.MAVEN: "maven",
    Kind.GITHUB: "github",
    Kind.TERRAFORM_PROVIDER: "terraform",
    Kind.TERRAFORM_MODULE: "terraform",
}
_READERS: Mapping[Kind, Callable[[Registry, str], tuple[Published, ...]]] = {
    Kind.NPM: npm.versions,
    Kind.PYPI: pypi.versions,
    Kind.MAVEN: maven.versions,
    Kind.GITHUB: github.versions,
    Kind.TERRAFORM_PROVIDER: terraform.provider,
    Kind.TERRAFORM_MODULE: terraform.module,
}


class HttpCatalogue:
    """Asks the registries that `dco.toml` names; nothing is asked, and no client called, before the first question."""

    def __init__(self, configured: Registries) -> None:
        self._configured = configured
        self._connections = Connections(configured.requests_at_once)
        self._lock = Lock()
        self._registries: dict[str, Registry | None] = {}

    def versions(self, kind: Kind, name: str) -> tuple[Published, ...]:
        """See `Catalogue.versions`."""
        if kind is Kind.CONTAINER:
            containers, repository = self._containers(name)
            return containers.versions(repository)
        return _READERS[kind](self._registry(_KEYS[kind]), name)

    def published_at(self, package: Package) -> str | None:
        """See `Catalogue.published_at`."""
        if package.kind is not Kind.MAVEN:
            return None
        return maven.published_at(self._registry("maven"), package.name, package.version)

    def digest(self, image: str, tag: str) -> str:
        """See `Catalogue.digest`."""
        containers, repository = self._containers(image)
        return containers.digest(repository, tag)

    def vulnerabilities(self, packages: Sequence[Package]) -> Mapping[Package, tuple[Advisory, ...]]:
        """See `Catalogue.vulnerabilities`."""
        return osv.vulnerabilities(self._registry("osv"), packages)

    def lifetimes(self, product: str) -> Mapping[str, str | None]:
        """See `Catalogue.lifetimes`."""
        return lifetimes.lifetimes(self._registry("lifetimes"), product)

    def _registry(self, key: str) -> Registry:
        with self._lock:
            if key not in self._registries:
                self._registries[key] = self._connect(key)
            registry = self._registries[key]
        if registry is None:
            raise Unreadable(f"no address of {key} is known", f"set {key} under [registries] in dco.toml")
        return registry

    def _connect(self, key: str) -> Registry | None:
        address: str | None = getattr(self._configured, key)
        if address is None and self._configured.from_clients and key in _FROM_CLIENTS:
            address = _FROM_CLIENTS[key]()
        return self._reach(key, address) if address else None

    def _containers(self, image: str) -> tuple[Containers, str]:
        host, _, repository = image.partition("/")
        address = self._configured.containers.get(host)
        if address is None:
            raise Unreadable(f"no address of {host} is known", f'set "{host}" in containers under [registries]')
        seconds = self._configured.request_seconds
        return Containers(self._reach(host, address), self._connections, seconds), repository

    def _reach(self, what: str, address: str) -> Registry:
        return Registry(what, address, self._connections, self._configured.request_seconds)
