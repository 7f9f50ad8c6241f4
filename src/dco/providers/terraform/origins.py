"""Where an attribute's value comes from, by the plan JSON's `configuration`: through modules, to what starts it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

_DEEPEST = 10
_INDEX = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|[^\"\]]*)\]")


class Origins:
    """What every attribute refers to; a local ends the search, as Terraform does not tell what it is made of."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        """Take a plan JSON's `configuration`."""
        self._root = _table(configuration.get("root_module"))
        self._resources: dict[int, dict[str, dict[str, Any]]] = {}

    def of(self, address: str) -> dict[str, Any]:
        """Return `{"origins": {attribute: [address, …]}}` of a resource; empty where nothing is told."""
        *modules, resource = _steps(_INDEX.sub("", address))
        chain = [self._root]
        for name in modules:
            chain.append(_table(_call(chain[-1], name).get("module")))
        expressions = self._expressions(chain[-1], resource)
        found = {name: self._ends(_references(one), modules, chain, _DEEPEST) for name, one in expressions.items()}
        told = {name: list(dict.fromkeys(ends)) for name, ends in found.items() if ends}
        return {"origins": told} if told else {}

    def _expressions(self, module: dict[str, Any], address: str) -> dict[str, Any]:
        # by the module itself, which the configuration keeps alive
        if id(module) not in self._resources:
            listed = cast("list[dict[str, Any]]", module.get("resources") or [])
            self._resources[id(module)] = {str(one.get("address")): _table(one.get("expressions")) for one in listed}
        return self._resources[id(module)].get(address, {})

    def _ends(self, references: Iterable[str], modules: list[str], chain: list[dict[str, Any]], left: int) -> list[str]:
        ends: list[str] = []
        for reference in references:
            parts = reference.split(".")
            if parts[0] == "var" and modules and left:
                given = _table(_call(chain[-2], modules[-1]).get("expressions")).get(parts[1])
                ends += self._ends(_references(given), modules[:-1], chain[:-1], left - 1)
            elif parts[0] == "module" and len(parts) > 2 and left:  # noqa: PLR2004  # module, its name, its output
                below = _table(_call(chain[-1], parts[1]).get("module"))
                output = _table(_table(below.get("outputs")).get(parts[2])).get("expression")
                ends += self._ends(_references(output), [*modules, parts[1]], [*chain, below], left - 1)
            elif (end := _end(parts)) is not None:
                ends.append("".join(f"module.{name}." for name in modules) + end)
        return ends


def _end(parts: list[str]) -> str | None:
    """Return the address within a reference; None for what leads nowhere."""
    if parts[0] == "data":
        return ".".join(parts[:3])
    if parts[0] in {"local", "each", "count", "path", "terraform", "self", "module"}:
        return None
    return ".".join(parts[:2]) if len(parts) > 1 else None


def _steps(address: str) -> list[str]:
    """Return the modules' names and the resource of an address without keys."""
    modules: list[str] = []
    while address.startswith("module."):
        _, name, address = address.split(".", 2)
        modules.append(name)
    return [*modules, address]


def _call(module: Mapping[str, Any], name: str) -> dict[str, Any]:
    return _table(_table(module.get("module_calls")).get(name))


def _references(expression: Any) -> list[str]:
    """Return all references of an expression, blocks within it included, without the shorter forms of the same."""
    found: list[str] = []
    if isinstance(expression, dict):
        table = cast("dict[str, Any]", expression)
        found += [_INDEX.sub("", str(one)) for one in cast("list[Any]", table.get("references") or [])]
        found += [one for key, item in table.items() if key != "references" for one in _references(item)]
    elif isinstance(expression, list):
        found += [one for item in cast("list[Any]", expression) for one in _references(item)]
    return found


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
