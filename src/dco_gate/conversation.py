"""What a client and a server are in the middle of, told from message tags alone."""

from collections import deque

from dco_gate.bolt import (
    BEGIN,
    COMMIT,
    DISCARD,
    FAILURE,
    GOODBYE,
    PULL,
    RESET,
    ROLLBACK,
    RUN,
    SUCCESS,
)

_ENDS = (COMMIT, ROLLBACK, RESET)


class Conversation:
    """Counts requests and their summaries. At a boundary nothing is asked, nothing is open and nothing has failed."""

    __slots__ = ("_ahead", "_failed", "_resets", "_streams", "_transaction", "asked", "writes")

    def __init__(self) -> None:
        self.asked: deque[int] = deque()
        """The requests without a summary yet, oldest first."""
        self.writes = False
        """Whether the transaction under way, or the last one, may write."""
        self._ahead = False  # an explicit transaction will be open once all that was asked has succeeded
        self._transaction = False
        self._streams = False
        self._failed = False
        self._resets = 0

    @property
    def at_boundary(self) -> bool:
        """Whether another server could go on from here, knowing only who the client is."""
        return not (self.asked or self._transaction or self._streams or self._failed)

    @property
    def may_write(self) -> bool:
        """Whether a write may still be committed by what has been sent. What has failed can only be rolled back."""
        return self.writes and (bool(self.asked) or self._transaction or self._streams)

    @property
    def doomed(self) -> bool:
        """Whether everything until a RESET will be ignored."""
        return self._failed and not self._resets

    @property
    def failed(self) -> bool:
        """Whether something failed and all is answered: a RESET would lead to a boundary."""
        return self._failed and not self.asked

    def begins(self, tag: int) -> bool:
        """Whether this request, sent now, would begin a transaction."""
        return (tag == BEGIN or (tag == RUN and not self._ahead)) and not self.doomed

    def begin(self, *, writes: bool) -> None:
        """Say of what kind is the transaction that is going to be sent."""
        self.writes = writes or self.may_write

    def sent(self, tag: int) -> None:
        """Note a request that goes to the server."""
        if tag == GOODBYE:
            return
        self.asked.append(tag)
        if tag == BEGIN:
            self._ahead = True
        elif tag in _ENDS:
            self._ahead = False
            self._resets += tag == RESET

    def answered(self, summary: int, *, more: bool) -> int | None:
        """Note a summary; give the request that it answers, None if nothing was asked."""
        if not self.asked:
            return None
        tag = self.asked.popleft()
        self._resets -= tag == RESET
        if summary == FAILURE:
            self._failed, self._transaction, self._streams = True, False, False
        elif summary == SUCCESS:
            self._succeeded(tag, more=more)
        return tag

    def _succeeded(self, tag: int, *, more: bool) -> None:
        if tag == BEGIN:
            self._transaction = True
        elif tag in _ENDS:
            self._transaction = self._streams = False
            self._failed = self._failed and tag != RESET
        elif tag == RUN and not self._transaction:
            self._streams = True
        elif tag in {PULL, DISCARD} and not self._transaction:
            self._streams = more
