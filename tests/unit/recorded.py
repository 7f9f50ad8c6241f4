"""Seams that answer what a case has recorded; what it has not is unreadable, as a registry that is down."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from dco.model.errors import ConfigurationError, Unreadable
from dco.seams.catalogue import Advisory, Kind, Package, Published
from dco.seams.fleet import Instance, MachineImageState, Notice
from dco.seams.source import SourceFile

NOW = "2026-11-23T03:00:00.000Z"


class RecordedCatalogue:
    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said

    def _of(self, part: str, key: str) -> Any:
        found = self._said.get(part, {}).get(key)
        if found is None:
            raise Unreadable(f"nothing is recorded of {part} {key}", "record it")
        return found

    def versions(self, kind: Kind, name: str) -> tuple[Published, ...]:
        return tuple(
            Published(version=one) if isinstance(one, str) else msgspec.convert(one, Published)
            for one in self._of("versions", f"{kind} {name}")
        )

    def published_at(self, package: Package) -> str | None:
        return self._of("published_at", package.version)

    def digest(self, image: str, tag: str) -> str:
        return self._of("digests", f"{image}:{tag}")

    def vulnerabilities(self, packages: Sequence[Package]) -> Mapping[Package, tuple[Advisory, ...]]:
        if "vulnerabilities" not in self._said:
            raise Unreadable("no address of osv is known", "set it")
        known = self._said["vulnerabilities"]
        return {
            one: msgspec.convert(known.get(f"{one.name} {one.version}", []), tuple[Advisory, ...]) for one in packages
        }

    def lifetimes(self, product: str) -> Mapping[str, str | None]:
        return self._of("lifetimes", product)


class RecordedFleet:
    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said

    def _of(self, part: str) -> Any:
        if part not in self._said:
            raise Unreadable(f"AWS did not tell {part}", "try again")
        return self._said[part]

    def instances(self, tags: Mapping[str, str]) -> tuple[Instance, ...]:
        every = msgspec.convert(self._of("instances"), tuple[Instance, ...])
        return tuple(one for one in every if tags.items() <= one.tags.items())

    def image(self, identifier: str) -> MachineImageState | None:
        return next((one for one in self._images() if one.id == identifier), None)

    def images(self, owner: str, name: str, architecture: str) -> tuple[MachineImageState, ...]:
        assert owner
        assert architecture
        return tuple(one for one in self._images() if Path(one.name).match(name))

    def _images(self) -> tuple[MachineImageState, ...]:
        return msgspec.convert(self._of("images"), tuple[MachineImageState, ...])

    def kinds(self) -> Mapping[str, frozenset[str]]:
        return {kind: frozenset(zones) for kind, zones in self._of("kinds").items()}

    def scheduled(self, instances: Iterable[str]) -> tuple[Notice, ...]:
        mine = set(instances)
        return tuple(one for one in msgspec.convert(self._of("scheduled"), tuple[Notice, ...]) if one.subject in mine)

    def tls_policies(self) -> Mapping[str, frozenset[str]]:
        return {name: frozenset(protocols) for name, protocols in self._of("tls_policies").items()}

    def health(self) -> tuple[Notice, ...]:
        return msgspec.convert(self._of("health"), tuple[Notice, ...])

    def heard(self, group: str, now: datetime) -> tuple[Notice, ...]:
        assert group
        assert now.tzinfo
        return msgspec.convert(self._of("heard"), tuple[Notice, ...])


class RecordedParameters:
    def __init__(self, said: Mapping[str, str]) -> None:
        self._said = said

    def get(self, name: str) -> str | None:
        return self._said.get(name)

    def put(self, name: str, value: str) -> None:
        raise AssertionError(f"a look wrote {value} to {name}")

    def secret(self, name: str) -> dict[str, str]:
        raise AssertionError(f"a look read the secret {name}")


class FolderSource:
    """The files of a case, as a revision."""

    def __init__(self, top: Path) -> None:
        self._top = top

    def files(self, revision: str) -> tuple[SourceFile, ...]:
        paths = sorted(path.relative_to(self._top).as_posix() for path in self._top.rglob("*") if path.is_file())
        return tuple(SourceFile(path=path, blob=revision, mode="100644") for path in paths)

    def read(self, revision: str, path: str) -> bytes:
        try:
            return (self._top / path).read_bytes()
        except FileNotFoundError:
            raise ConfigurationError(f"there is no file {path} in {revision}", "commit it") from None

    def read_many(self, revision: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self.read(revision, path) for path in paths}
