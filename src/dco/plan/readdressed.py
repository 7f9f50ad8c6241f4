"""Resources that only got another address: gone here, created there, and alike in all that names them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dco.plan.paths import table

_NAMING = (
    "name", "bucket", "identifier", "cluster_identifier", "domain_name", "family", "key", "cidr_block", "policy_arn",
    "tags", "description", "availability_zone", "ami", "engine", "instance_type", "type", "role",
)  # fmt: skip
"""What a resource is called, or else what tells it apart, the most telling first."""


class Twins:
    """Finds, for a resource that would go, the created one that looks like it. Made once for a plan."""

    def __init__(self, changes: Iterable[Mapping[str, Any]]) -> None:
        """Look through a plan's changes."""
        self._created: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
        for change in changes:
            if change["change"]["actions"] == ["create"]:
                key, value = next(_named(change, "after"), ("", ""))
                self._created.setdefault((str(change["type"]), key, value), []).append(change)

    def proposal(self, gone: Mapping[str, Any]) -> str:
        """Return the moved block that would keep a resource; empty when nothing created looks like it."""
        there = list(self._alike(gone)) if gone["change"]["actions"] == ["delete"] else []
        if not there:
            return ""
        same = [address for address in there if _last(address) == _last(str(gone["address"]))]
        more = f" (or one of {len(there) - 1} others that look like it)" if len(there) > 1 and len(same) != 1 else ""
        return f"moved {{ from = {gone['address']} to = {(same or there)[0]} }}{more}"

    def _alike(self, gone: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is created with nothing known that contradicts; a name may be known only after apply."""
        before = table(gone["change"]["before"])
        for key, value in (*_named(gone, "before"), ("", "")):
            for new in self._created.get((str(gone["type"]), key, value), ()):
                after = table(new["change"]["after"])
                if all(before.get(name) == after[name] for name in _NAMING if after.get(name)):
                    yield str(new["address"])


def _named(resource: Mapping[str, Any], side: str) -> Iterator[tuple[str, str]]:
    values = table(resource["change"][side])
    return ((key, str(values[key])) for key in _NAMING if values.get(key))


def _last(address: str) -> str:
    """Return the key in the last brackets, else the resource's own name."""
    return address.rpartition("[")[2].rstrip("]") if address.endswith("]") else address.rpartition(".")[2]
