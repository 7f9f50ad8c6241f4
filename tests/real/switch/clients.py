"""Clients of a pair while things break, and what must be true after each break."""

from tests.real.plugin.servers import PASSWORD
from tests.real.stream.lab import NAMES
from tests.real.stream.ledger import Entry, Ledger, demand_as_at
from tests.real.stream.ordeal import keys
from tests.real.switch.pair import Pair

from dco.model.switch import Switch


class Clients:
    """Writers through every gate of each database."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._ledgers = {
            name: [Ledger(gate.address, PASSWORD, 3, 3 * number) for number, gate in enumerate(one.gates)]
            for name, one in pair.members.items()
        }
        for ledgers in self._ledgers.values():
            for ledger in ledgers:
                ledger.begin()

    def wait_for(self, more: int) -> None:
        for ledgers in self._ledgers.values():
            for ledger in ledgers:
                ledger.wait_for(more)

    def acknowledged(self, name: str) -> list[int]:
        """How many writes were acknowledged so far at each gate of a database."""
        return [ledger.acknowledged for ledger in self._ledgers[name]]

    def end(self) -> dict[str, list[Entry]]:
        """Let the writers end; give what each of their writes came to."""
        return {
            name: [entry for ledger in ledgers for entry in ledger.end()] for name, ledgers in self._ledgers.items()
        }

    def prove(self) -> dict[str, list[Entry]]:
        """Demand that all is on what serves, once, and that both servers end up equal."""
        self.wait_for(20)
        entries = self.end()
        for name, member in self._pair.members.items():
            one_writer(self._pair)
            demand_as_at(entries[name], keys(member.serving))
        self._pair.demand_equal()
        for member in self._pair.members.values():
            for server in (member.blue, member.green):
                server.stop()
                server.demand_clean()
        return entries


def one_writer(pair: Pair) -> None:
    """Demand that each database has one server that takes writes: the pair all new or all old."""
    for member in pair.members.values():
        for name in NAMES:
            assert not member.serving.plugin.one("status", name)["fenced"]
            assert member.other.plugin.one("status", name)["fenced"]


def end(pair: Pair, switch: Switch) -> str:
    """Do what whoever comes next does; give the winner."""
    switching = pair.switching(switch)
    decision = switching.decide()
    switching.obey(decision)
    if decision.winner == "green":
        for member in pair.members.values():
            member.turn()
    return decision.winner
