"""Where the gates of a database are: said in dco.toml, or by a parameter that is read seldom."""

import msgspec
import pytest

from dco.model.databases import Gate
from dco.model.errors import ConfigurationError, Unreadable
from dco.providers import gates
from dco.providers.gates import HttpGates

ONE, TWO = "http://10.0.1.5:7690", "http://10.0.2.5:7690"
LISTED = Gate(control_parameter="/gate/control", secret="gate")


class Values:
    """Parameters of which each can be lost."""

    def __init__(self, **values: str) -> None:
        self.values: dict[str, str] = values
        self.asked = 0
        self.lost = False

    def get(self, name: str) -> str | None:
        self.asked += 1
        if self.lost:
            raise Unreadable("SSM does not answer", "wait")
        return self.values.get(name.strip("/").replace("/", "_"))

    def put(self, name: str, value: str) -> None:
        self.values[name] = value

    def secret(self, name: str) -> dict[str, str]:
        return {"key": "ab" * 32, "of": name}


def test_exactly_one_place_says_where_gates_are() -> None:
    for wrong in ({"secret": "s"}, {"secret": "s", "control": [ONE], "control_parameter": "/p"}):
        with pytest.raises(msgspec.ValidationError, match="exactly one of control and control_parameter"):
            msgspec.convert(wrong, Gate)


def test_a_list_in_dco_toml_asks_no_parameter() -> None:
    values = Values()
    assert HttpGates(values).controls(Gate(control=[ONE, TWO], secret="gate")).keys() == {ONE, TWO}
    assert values.asked == 0


def test_a_listed_gate_is_looked_up_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    values = Values(gate_control=f'["{ONE}"]')
    known = HttpGates(values)
    first = known.controls(LISTED)
    assert (known.controls(LISTED), values.asked) == (first, 1)
    monkeypatch.setattr(gates, "REMEMBERED_SECONDS", 0.0)
    values.values["gate_control"] = f'["{ONE}", "{TWO}"]'
    again = known.controls(LISTED)
    assert again.keys() == {ONE, TWO}
    assert again[ONE] is first[ONE]
    values.lost = True
    assert known.controls(LISTED).keys() == {ONE, TWO}


def test_a_parameter_that_was_never_read_raises() -> None:
    values = Values()
    values.lost = True
    with pytest.raises(Unreadable):
        HttpGates(values).controls(LISTED)


@pytest.mark.parametrize("text", ["", "[]", "{}", '"http://10.0.1.5:7690"', "[1]"])
def test_a_parameter_that_names_no_gate_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="parameter /gate/control names no gate"):
        HttpGates(Values(gate_control=text)).controls(LISTED)
