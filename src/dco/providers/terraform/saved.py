"""The state inside of a saved plan file: what a plan with nothing to do was made against.

Asking Terraform (`show`, `state pull`) starts the providers once more and reads the state once more; on a quiet night
that is time for nothing. The file is a zip with the refreshed state as JSON in Terraform ≥ 1.5 and OpenTofu ≥ 1.6; an
encrypted or unknown one is None, and then Terraform is asked.
"""

import zipfile
from pathlib import Path
from typing import Any, cast

import msgspec

from dco.model.canonical import fingerprint
from dco.model.stackplan import InUse

_OFFERED = frozenset({"id", "instance_type", "availability_zone", "ssl_policy", "platform_version", "runtime"})


class SavedState(msgspec.Struct, frozen=True):
    """The serial that the plan was made against, and what each data source resolved to, by fingerprint."""

    serial: int
    data_sources: dict[str, str]
    in_use: tuple[InUse, ...] = ()
    """Every resource, with what AWS may stop to offer."""


def read_saved_state(file: Path) -> SavedState | None:
    """Return the state inside of a saved plan; None when it can't be read there."""
    try:
        with zipfile.ZipFile(file) as saved:
            refreshed = msgspec.json.decode(saved.read("tfstate"), type=dict[str, Any])
    except (OSError, KeyError, zipfile.BadZipFile, msgspec.DecodeError):
        return None
    found: dict[str, str] = {}
    used: list[InUse] = []
    for resource in refreshed.get("resources", ()):
        for instance in resource.get("instances", ()):
            if resource.get("mode") == "data":
                found[_address(resource, instance)] = fingerprint(_without_secrets(instance))
            else:
                used.append(_in_use(resource, instance))
    return SavedState(int(refreshed.get("serial", 0)), dict(sorted(found.items())), tuple(used))


def _in_use(resource: dict[str, Any], instance: dict[str, Any]) -> InUse:
    plain = _without_secrets(instance)
    said = {name: value for name, value in plain.items() if name in _OFFERED and isinstance(value, str) and value}
    return InUse(kind=str(resource["type"]), address=_address(resource, instance), said=said)


def _address(resource: dict[str, Any], instance: dict[str, Any]) -> str:
    module = f"{resource['module']}." if resource.get("module") else ""
    key = instance.get("index_key")
    index = "" if key is None else f"[{msgspec.json.encode(key).decode()}]"
    kind = "data." if resource.get("mode") == "data" else ""
    return f"{module}{kind}{resource['type']}.{resource['name']}{index}"


def _without_secrets(instance: dict[str, Any]) -> dict[str, Any]:
    """Leave out every attribute that holds something sensitive: a fingerprint of a password can be guessed at."""
    paths = cast("list[list[dict[str, Any]]]", instance.get("sensitive_attributes") or [])
    secret = {path[0].get("value") for path in paths if path}
    attributes = cast("dict[str, Any]", instance.get("attributes") or {})
    return {name: value for name, value in attributes.items() if name not in secret}
