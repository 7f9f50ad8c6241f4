"""After a switch, while the server that was left follows: what dies then, and that going back loses nothing."""

from collections.abc import Callable

import pytest
from tests.real.switch.clients import Clients, one_writer
from tests.real.switch.conftest import MakePair

from dco.model.errors import StepFailed

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.mark.parametrize("which", ["gate", "serving", "following", "stream"])
def test_it_dies_in_the_bake_and_going_back_loses_nothing(make_pair: MakePair, which: str) -> None:
    pair = make_pair("ledger")
    clients = Clients(pair)
    clients.wait_for(40)
    decision, switching = pair.switch()
    assert decision.winner == "green", switching.failed
    member = pair.members["ledger"]

    def revive_stream() -> None:
        member.stream.kill()
        member.stream = member.site.start()

    def revive_gate() -> None:
        member.gate.stop()
        member.gate.start()

    def revive_serving() -> None:
        member.serving.stop(kill=True)
        member.serving.start()

    def revive_following() -> None:
        member.other.stop(kill=True)
        member.other.start()

    deaths: dict[str, Callable[[], None]] = {
        "gate": revive_gate,
        "serving": revive_serving,
        "following": revive_following,
        "stream": revive_stream,
    }
    clients.wait_for(20)
    deaths[which]()
    clients.wait_for(20)
    one_writer(pair)
    pair.await_following()
    back, switching = pair.switch()
    assert back.winner == "green", switching.failed
    clients.prove()


def test_nobody_goes_back_from_a_server_that_is_gone(make_pair: MakePair) -> None:
    pair = make_pair("ledger")
    clients = Clients(pair)
    clients.wait_for(40)
    decision, switching = pair.switch()
    assert decision.winner == "green", switching.failed
    clients.wait_for(40)
    member = pair.members["ledger"]
    pair.outside()
    member.serving.stop(kill=True)
    back = pair.switching(pair.begin(3.0))
    decided = back.decide()
    assert decided.winner == "blue", "its log was not read to its end"
    assert back.failed is not None
    assert not isinstance(back.failed, StepFailed) or "does not follow" not in str(back.failed)
    member.serving.start()
    back.obey(decided)
    clients.wait_for(20)
    one_writer(pair)
    again, switching = pair.switch()
    assert again.winner == "green", switching.failed
    clients.prove()
