"""Tags of repositories, by GitHub's REST API."""

import msgspec

from dco.providers.registries.http import Registry
from dco.seams.catalogue import Published

_PAGE = 100
_PAGES = 10


class _Commit(msgspec.Struct):
    sha: str


class _Tag(msgspec.Struct):
    name: str
    commit: _Commit


def versions(registry: Registry, name: str) -> tuple[Published, ...]:
    """Return the tags of `OWNER/NAME`. Raises `Unreadable`."""
    tags: list[_Tag] = []
    for page in range(1, _PAGES + 1):
        params = {"per_page": str(_PAGE), "page": str(page)}
        found = registry.decode(registry.get(f"repos/{name}/tags", params=params), list[_Tag])
        tags += found
        if len(found) < _PAGE:
            break
    else:
        raise registry.trouble(f"lists more tags of {name} than are read here")
    if not tags:
        raise registry.trouble(f"answered without a tag of {name}")
    return tuple(Published(version=tag.name, commit=tag.commit.sha) for tag in tags)
