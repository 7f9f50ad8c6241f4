"""What a project's manifest means to what runs: its formatting and what only developers use do not count."""

import json
import tomllib
from collections.abc import Iterable
from typing import Any, cast

_TOOLS = frozenset({
    "bandit", "black", "codespell", "coverage", "flake8", "isort", "mypy", "pylint", "pyright", "pytest", "ruff", "tox",
})  # fmt: skip


def package_json(text: str) -> object:
    """Return what `package.json` means: all but `devDependencies`; the order of keys counts, as in `exports`."""
    manifest = json.loads(text)
    if not isinstance(manifest, dict):
        return None
    kept = cast("dict[str, Any]", manifest)
    return json.dumps({key: value for key, value in kept.items() if key != "devDependencies"}, ensure_ascii=True)


def pyproject(text: str) -> object:
    """Return what `pyproject.toml` means: all but dependency groups and the settings of tools for developers."""
    table = tomllib.loads(text)
    tools = {name: value for name, value in _table(table.get("tool")).items() if name not in _TOOLS}
    poetry = _table(tools.get("poetry"))
    if poetry:
        tools["poetry"] = _without(poetry, ("group", "dev-dependencies"))
    if "uv" in tools:
        tools["uv"] = _without(_table(tools["uv"]), ("dev-dependencies",))
    return repr([_without(table, ("dependency-groups", "tool")), tools])


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _without(table: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in names}
