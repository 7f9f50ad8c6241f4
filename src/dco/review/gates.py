"""How a database's gates stand: a sentence for `dco status`, findings for `dco doctor`."""

from collections.abc import Iterable, Mapping

import msgspec

from dco.model import slot
from dco.model.databases import Database
from dco.model.errors import ConfigurationError, DcoError
from dco.model.finding import Finding, Mark
from dco.model.slot import Colour
from dco.seams.gates import Standing
from dco.seams.outside import Outside
from dco.verify.clients import past_gates

Standings = Mapping[str, Standing]
LOST = "while no switch is under way: docs/gate.md, “When the state is lost”"


def sentence(name: str, database: Database, outside: Outside) -> str:
    """Tell how a database's gates stand; it begins with NG when a person should look."""
    try:
        said, silent = _ask(name, database, outside)
        colours = _colours(database, outside)
    except DcoError as error:
        return f"NG: {error.what}"
    if silent:
        return "NG: " + "; ".join(error.what for error in silent.values())
    serving = {one.serving for one in said.values()}
    if len(serving) > 1:
        return "NG: they disagree: " + ", ".join(f"{gate} goes to {one.serving}" for gate, one in said.items())
    gates = f"{len(said)} gates, " if len(said) > 1 else ""
    sessions = sum(one.sessions for one in said.values())
    return f"{gates}{_coloured(serving.pop(), colours)} serves, {sessions} sessions" + _more(said.values())


def findings(name: str, database: Database, outside: Outside) -> tuple[Finding, ...]:
    """Examine the gates of a database that has some, what serves behind them, and who goes past them."""
    said, silent = _ask(name, database, outside)
    colours = _colours(database, outside)
    what = f"gate of {name}"
    found = [Finding(Mark.NG, what, error.what, error.remedy) for error in silent.values()]
    found += [_stands(what, gate, one, _wanted(database, outside, colours), colours) for gate, one in said.items()]
    told = outside.parameters.get(database.uri_parameter)
    if told in colours:
        detail = f"{database.uri_parameter} tells clients {told}, which is {colours[told]} itself and no gate"
        found.append(Finding(Mark.NG, what, detail, "when the gate is well, apply Terraform and roll the services"))
    return (*found, _clients(name, database, outside, said))


def _ask(name: str, database: Database, outside: Outside) -> tuple[dict[str, Standing], dict[str, DcoError]]:
    """Ask every gate; return what they say, and why others say nothing."""
    said: dict[str, Standing] = {}
    silent: dict[str, DcoError] = {}
    for address, control in outside.gates.controls(database.gate).items() if database.gate else ():
        try:
            said[address] = control.standing(name)
        except DcoError as error:
            silent[address] = error
    return said, silent


def _colours(database: Database, outside: Outside) -> dict[str, Colour]:
    """Return the colour of each server that runs, by its address; none where no parameter says it."""
    parameter = database.addresses_parameter
    text = outside.parameters.get(parameter) if parameter else None
    try:
        return {
            address: colour for colour, address in msgspec.json.decode(text or "{}", type=dict[Colour, str]).items()
        }
    except msgspec.MsgspecError as error:
        raise ConfigurationError(f"parameter {parameter} can't be read: {error}", "apply Terraform") from None


def _wanted(database: Database, outside: Outside, colours: Mapping[str, Colour]) -> str | None:
    """Return the address of what the slot says that it serves; None where that can't be told."""
    text = outside.parameters.get(database.slot)
    colour = slot.read(text, database.slot).colour if text else None
    return next((address for address, one in colours.items() if one == colour), None)


def _stands(what: str, gate: str, one: Standing, wanted: str | None, colours: Mapping[str, Colour]) -> Finding:
    serves = _coloured(one.serving, colours)
    if one.held is not None:
        return Finding(
            Mark.NG, what, f"{gate} holds writes for switch {one.held}", "docs/switch.md says who may do what"
        )
    if wanted is not None and one.serving != wanted:
        return Finding(Mark.NG, what, f"{gate} goes to {serves}, the slot says {_coloured(wanted, colours)}", LOST)
    return Finding(Mark.OK, what, f"{gate} takes the key; {serves} serves, {one.sessions} sessions" + _more([one]))


def _clients(name: str, database: Database, outside: Outside, said: Standings) -> Finding:
    what = f"clients of {name}"
    if not said or database.gate is None:
        return Finding(Mark.SKIP, what, "no gate says which connections are its own")
    if database.plugin_secret is None:
        return Finding(Mark.SKIP, what, "without plugin_secret its server is not asked who is connected")
    gates = outside.gates.controls(database.gate)
    server = outside.servers.at(database, next(iter(said.values())).serving)
    past = past_gates(name, server, [gates[address] for address in said])
    if past:
        remedy = f"let them connect to what {database.uri_parameter} says: no switch moves them"
        return Finding(Mark.NG, what, f"past the gate: {', '.join(past)}", remedy)
    return Finding(Mark.OK, what, "all of them are behind the gate")


def _more(standings: Iterable[Standing]) -> str:
    """Tell what is not as on every other day."""
    said = list(standings)
    held = sorted({one.held for one in said if one.held is not None})
    waiting, behind = sum(one.waiting for one in said), sum(one.behind for one in said)
    narrowed = sorted({", ".join(one.versions) for one in said if one.versions is not None})
    more = [f"held for switch {switch}, {waiting} wait" for switch in held]
    more += [f"{behind} not there yet"] if behind else []
    more += [f"only Bolt {versions} is offered" for versions in narrowed]
    return "".join(f", {one}" for one in more)


def _coloured(address: str, colours: Mapping[str, Colour]) -> str:
    return f"{colours[address]} ({address})" if address in colours else address
