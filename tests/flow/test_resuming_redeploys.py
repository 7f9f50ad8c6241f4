"""Which story goes on when dco is started again: an open bake stands in nobody's way."""

import pytest
from tests.flow.pair_desk import ENVIRONMENT

from dco.flow.resuming import clear_to_go_on, night_to_go_on, redeploy_to_go_on, rollback_to_go_on
from dco.flow.steps import Unfinished
from dco.model.errors import Refused

NOW = "2026-11-26T05:00:00.000Z"
BAKE = Unfinished(key="20261126-040000-20261126-033000-redeploy-bake", elsewhere=True)
REDEPLOY = Unfinished(key="20261126-040000-redeploy", elsewhere=False)


def test_nothing_waits_for_a_bake() -> None:
    assert night_to_go_on((BAKE,), ENVIRONMENT, NOW) is None
    assert rollback_to_go_on((BAKE,)) is None
    assert redeploy_to_go_on((BAKE,)) is None


def test_an_interrupted_redeploy_goes_on_and_is_let_end_by_others() -> None:
    assert redeploy_to_go_on((BAKE, REDEPLOY)) == REDEPLOY.key
    for other in (rollback_to_go_on, clear_to_go_on):
        with pytest.raises(Refused, match="was interrupted") as refused:
            other((REDEPLOY,))
        assert "dco redeploy" in refused.value.remedy


def test_a_night_does_not_wait_for_a_redeploy_elsewhere() -> None:
    running = Unfinished(key=REDEPLOY.key, elsewhere=True)
    assert night_to_go_on((running,), ENVIRONMENT, NOW) is None
    with pytest.raises(Refused, match="runs in another process"):
        redeploy_to_go_on((running,))
