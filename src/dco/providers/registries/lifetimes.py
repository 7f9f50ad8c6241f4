"""Ends of support, from an address with a list of release lines for each product (`PRODUCT.json`)."""

from collections.abc import Mapping

import msgspec

from dco.providers.registries.http import Registry


class _Line(msgspec.Struct):
    cycle: str | int | float
    eol: str | bool | None = None


def lifetimes(registry: Registry, product: str) -> Mapping[str, str | None]:
    """Return the day on which each line's support ends, None where there is none yet. Raises `Unreadable`."""
    lines = registry.decode(registry.get(f"{product}.json"), list[_Line])
    if not lines:
        raise registry.trouble(f"answered without a release line of {product}")
    return {str(line.cycle): line.eol if isinstance(line.eol, str) else None for line in lines}
