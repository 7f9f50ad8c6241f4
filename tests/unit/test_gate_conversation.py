"""When another server could take over, told from tags alone."""

from collections.abc import Sequence

import pytest

from dco_gate.bolt import (
    BEGIN,
    COMMIT,
    FAILURE,
    HELLO,
    IGNORED,
    LOGON,
    PULL,
    RESET,
    ROLLBACK,
    RUN,
    SUCCESS,
)
from dco_gate.conversation import Conversation

MORE = -1
"""A SUCCESS that says that the stream goes on."""
AT, OPEN, FAILED = "at a boundary", "open", "failed"


def _after(requests: Sequence[int], answers: Sequence[int], *, writes: bool = True) -> Conversation:
    talk = Conversation()
    for request in requests:
        if talk.begins(request):
            talk.begin(writes=writes)
        talk.sent(request)
    for answer in answers:
        talk.answered(SUCCESS if answer == MORE else answer, more=answer == MORE)
    return talk


@pytest.mark.parametrize(
    ("requests", "answers", "end"),
    [
        ((), (), AT),
        ((HELLO, LOGON), (SUCCESS,), OPEN),
        ((HELLO, LOGON), (SUCCESS, SUCCESS), AT),
        ((RUN, PULL), (SUCCESS,), OPEN),
        ((RUN, PULL), (SUCCESS, MORE), OPEN),
        ((RUN, PULL, PULL), (SUCCESS, MORE, SUCCESS), AT),
        ((BEGIN,), (SUCCESS,), OPEN),
        ((BEGIN, RUN, PULL), (SUCCESS, SUCCESS, SUCCESS), OPEN),
        ((BEGIN, RUN, PULL, COMMIT), (SUCCESS,) * 4, AT),
        ((BEGIN, RUN, PULL, ROLLBACK), (SUCCESS, SUCCESS, MORE, SUCCESS), AT),
        ((BEGIN, RUN, PULL), (FAILURE, IGNORED, IGNORED), FAILED),
        ((BEGIN, RUN, PULL, RESET), (SUCCESS, FAILURE, IGNORED, SUCCESS), AT),
        ((RUN, PULL, RESET), (SUCCESS, MORE, SUCCESS), AT),
        ((BEGIN, RUN, PULL, COMMIT), (SUCCESS, SUCCESS, SUCCESS, FAILURE), FAILED),
        ((RUN,), (FAILURE,), FAILED),
    ],
)
def test_where_a_conversation_stands(requests: tuple[int, ...], answers: tuple[int, ...], end: str) -> None:
    talk = _after(requests, answers)
    assert talk.at_boundary == (end == AT)
    assert talk.failed == (end == FAILED)
    assert talk.may_write == (end == OPEN and requests[0] in {RUN, BEGIN})


def test_a_transaction_begins_by_begin_or_by_a_run_outside_of_one() -> None:
    assert _after((), ()).begins(BEGIN)
    assert _after((), ()).begins(RUN)
    assert not _after((BEGIN,), ()).begins(RUN), "it is sent before BEGIN is answered"
    assert _after((BEGIN, RUN, PULL, COMMIT), ()).begins(RUN)
    assert not _after((BEGIN,), ()).begins(PULL)


def test_what_a_failed_server_will_ignore_begins_nothing() -> None:
    failed = _after((BEGIN,), (FAILURE,))
    assert not failed.begins(RUN)
    assert not failed.begins(BEGIN)
    failed.sent(RESET)
    assert failed.begins(BEGIN)


def test_reading_is_no_danger_but_a_write_that_is_still_asked_is() -> None:
    talk = _after((RUN, PULL), (SUCCESS,), writes=False)
    assert not talk.may_write
    talk = _after((RUN, PULL), (SUCCESS,), writes=True)
    talk.begin(writes=False)
    talk.sent(RUN)
    assert talk.may_write


def test_answers_that_nobody_asked_for_change_nothing() -> None:
    talk = Conversation()
    assert talk.answered(SUCCESS, more=False) is None
    assert talk.at_boundary
