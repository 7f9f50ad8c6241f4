"""Every type, argument and block of the HCL in this repository is known to the provider stand-in."""

from pathlib import Path
from typing import Any

import hcl2
import pytest

from dco_sandbox.provider.catalogue import kinds, lookups_known
from dco_sandbox.provider.schema import Attribute, Block

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / "terraform").rglob("*.tf"), *(ROOT / "examples" / "credcoin" / "infra").glob("*.tf")])
MODULES = sorted(path.parent for path in (ROOT / "terraform").glob("*/main.tf"))
META = {"for_each", "count", "provider", "depends_on", "lifecycle", "provisioner"}


def parsed(path: Path) -> dict[str, Any]:
    with path.open() as file:
        return _bare(hcl2.load(file))


def _bare(value: Any) -> Any:
    # python-hcl2 keeps the quotes of labels and marks blocks with a key of its own
    if isinstance(value, dict):
        return {str(k).strip('"'): _bare(v) for k, v in value.items() if not str(k).startswith("__")}
    if isinstance(value, list):
        return [_bare(v) for v in value]
    return value


def unknown_in(body: dict[str, Any], attributes: tuple[Attribute, ...], blocks: tuple[Block, ...]) -> list[str]:
    known, nested = {a.name for a in attributes}, {b.name: b for b in blocks}
    found: list[str] = []
    for name, value in body.items():
        if name in META or name in known:
            continue
        if name not in nested:
            found.append(name)
            continue
        block = nested[name]
        for each in value if isinstance(value, list) else [value]:
            found += [f"{name}.{inner}" for inner in unknown_in(each, block.attributes, block.blocks)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_type_and_argument_is_known(path: Path) -> None:
    content = parsed(path)
    tables = {"resource": {k.name: k for k in kinds()}, "data": {k.name: k for k in lookups_known()}}
    troubles: list[str] = []
    for section, table in tables.items():
        for entry in content.get(section, []):
            for type_name, named in entry.items():
                if type_name not in table:
                    troubles.append(f"{section} {type_name}")
                    continue
                kind = table[type_name]
                for label, body in named.items():
                    names = unknown_in(body, kind.attributes, kind.blocks)
                    troubles += [f"{section} {type_name}.{label}: {name}" for name in names]
    assert troubles == []


def test_the_check_finds_what_is_not_known() -> None:
    kind = next(k for k in kinds() if k.name == "aws_lb_target_group")
    body = {"name": "x", "flavour": "y", "health_check": [{"path": "/", "mood": "good"}]}
    assert unknown_in(body, kind.attributes, kind.blocks) == ["flavour", "health_check.mood"]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_variable_and_output_of_a_module_stands_in_its_readme(module: Path) -> None:
    text = (module / "README.md").read_text()
    content = [parsed(path) for path in module.glob("*.tf")]
    for section in ("variable", "output"):
        for entry in (entry for file in content for entry in file.get(section, [])):
            for name, body in entry.items():
                assert body.get("description"), f"{section} {name} has no description"
                assert f"`{name}`" in text, f"{section} {name} is not in {module.name}/README.md"


def test_names_are_not_taken_twice() -> None:
    names = [k.name for k in kinds()]
    assert len(names) == len(set(names))
    for kind in kinds():
        inside = [a.name for a in kind.attributes] + [b.name for b in kind.blocks]
        assert len(inside) == len(set(inside)), kind.name
        assert "id" in inside, kind.name
