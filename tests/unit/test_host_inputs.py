"""Variables that a workflow takes from the repository host: known by name, read from their source, or unknown."""

from pathlib import Path
from typing import cast

import pytest
from tests.unit.test_detect_drift import Values

from dco.detect.host_inputs import check, handed
from dco.model.environment import Stack, StackInput, Workflows
from dco.model.errors import Unreadable
from dco.seams.source import Source, SourceFile
from dco.wiring.inputs import read

MAIN = 'variable "ledger_password" {\n  default = "dummy"\n}\nvariable "size" {}\n'
APPLY = "jobs:\n  a:\n    steps:\n      - run: terraform apply -var 'ledger_password=${{ secrets.LEDGER }}'\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("terraform plan -var 'a=${{ secrets.A }}'", {"a": "secrets.A"}),
        ('terraform plan -var="a=${{ vars.A }}" -var b=c', {"a": "vars.A"}),
        ("terraform plan \\\n  -var a=${{ secrets.A }} \\\n  -out p", {"a": "secrets.A"}),
        ("env:\n  TF_VAR_a: ${{ secrets.A }}\n", {"a": "secrets.A"}),
        ("env:\n  TF_VAR_a: bolt://${{ vars.HOST }}:7687\n", {"a": "vars.HOST"}),
        ('env:\n  "TF_VAR_a": "${{ secrets.A || vars.B }}"\n', {"a": "secrets.A"}),
        ("env:\n  PASSWORD: ${{ secrets.A }}\nrun: terraform plan -var a=$PASSWORD", {"a": "secrets.A"}),
        ("run: export TF_VAR_a=${{ secrets.A }}", {"a": "secrets.A"}),
        ("# TF_VAR_a: ${{ secrets.A }}", {}),
        ("env:\n  TF_VAR_a: ${{ github.sha }}\n", {}),
        ("run: terraform plan -var-file=x.tfvars", {}),
    ],
)
def test_what_a_workflow_hands_to_terraform(text: str, names: dict[str, str]) -> None:
    assert handed(text) == names


class Files:
    """A revision with these files."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def files(self, revision: str) -> tuple[SourceFile, ...]:
        del revision
        return tuple(SourceFile(path=path, blob=text, mode="100644") for path, text in self._texts.items())

    def read_many(self, revision: str, paths: list[str]) -> dict[str, bytes]:
        del revision
        return {path: self._texts[path].encode() for path in paths}


def look(stack: Stack, workflow: str = APPLY) -> None:
    source = Files({"infra/main.tf": MAIN, ".github/workflows/deploy.yml": workflow})
    check("main", stack, Workflows(), cast(Source, source), "0" * 40)


def test_a_variable_without_a_source_makes_the_stack_unknown_by_name() -> None:
    with pytest.raises(Unreadable, match=r"ledger_password \(secrets.LEDGER in deploy.yml\)") as unknown:
        look(Stack(directory="infra"))
    assert "[stacks.main.inputs.ledger_password]" in unknown.value.remedy


@pytest.mark.parametrize(
    "stack",
    [
        Stack(directory="infra", inputs={"ledger_password": StackInput(secret="ledger")}),
        Stack(directory="infra", variables={"ledger_password": "x"}),
    ],
)
def test_one_with_a_source_is_planned(stack: Stack) -> None:
    look(stack)


def test_a_variable_that_the_stack_does_not_have_is_another_stacks() -> None:
    look(Stack(directory="infra"), APPLY.replace("ledger_password", "of_another"))


def test_values_are_read_from_where_dco_toml_says(tmp_path: Path) -> None:
    (tmp_path / "uri").write_text("bolt://b\n")
    stack = Stack(directory="infra", inputs={"a": StackInput(parameter="/a/uri"), "b": StackInput(file="uri")})
    assert read(stack, Values(a_uri="bolt://a"), tmp_path) == {"a": "bolt://a", "b": "bolt://b"}


@pytest.mark.parametrize("one", [StackInput(parameter="/none"), StackInput(file="none")])
def test_a_value_that_is_not_there_is_named_and_never_planned_without(tmp_path: Path, one: StackInput) -> None:
    with pytest.raises(Unreadable, match="the input a can't be read"):
        read(Stack(directory="infra", inputs={"a": one}), Values(), tmp_path)


@pytest.mark.parametrize("said", [{}, {"parameter": "/a", "file": "b"}])
def test_an_input_has_exactly_one_source(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        StackInput(**said)
