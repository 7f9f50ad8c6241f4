"""Whether a plan may start: the calendar, the policy, and people where policy wants them."""

from datetime import datetime, timedelta

import msgspec

from dco.approve import policy
from dco.approve.calendar import closed
from dco.flow.tonight import Tonight
from dco.model.approval import Ballot, Verdict, Vote
from dco.model.errors import Refused
from dco.model.plan import Plan
from dco.plan.explain import explain
from dco.record import ballots, freezes, nights

POLL_SECONDS = 1.0


class _Word(msgspec.Struct, frozen=True, kw_only=True):
    """What came in while waiting: proved votes, ballots that proved nothing, or an end of the wait."""

    votes: tuple[Vote, ...] = ()
    unproved: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    """The keys of all ballots that were looked at so far."""
    over: str | None = None


def ask(tonight: Tonight, plan: Plan) -> str:
    """Return by whose word the plan may start, once it may.

    Raises `Refused` when it may not, was rejected or nobody answered in time.
    """
    shut = tonight.steps.run("calendar", str, lambda: _shut(tonight))
    if shut:
        raise Refused(shut, "the next night in an open time takes it up")
    if not policy.asks(tonight.environment.policy, plan):
        by_itself = f"policy lets a plan of risk {plan.risk} start by itself"
        tonight.say("approval", by_itself)
        return by_itself
    waiting = _lay_out(tonight, plan)
    authors = (waiting.author, tonight.outside.source.author(plan.revision))
    votes: list[Vote] = []
    seen: tuple[str, ...] = ()
    refused: list[str] = []
    while True:
        word = tonight.steps.run("await word", _Word, lambda: _next_word(tonight, seen, waiting.until))  # noqa: B023
        seen = word.seen
        votes += word.votes
        not_counted = policy.uncounted(tonight.environment.policy, plan, authors, votes)
        for sentence in (*word.unproved, *not_counted):
            if sentence not in refused:
                refused.append(sentence)
                tonight.say("approval", f"refused: {sentence}")
        decision = policy.tally(tonight.environment.policy, plan, authors, votes)
        if decision is not None or word.over is not None:
            break
    tonight.steps.run("waits no more", bool, lambda: _drop(tonight))
    if decision is None or not decision.granted:
        raise Refused(decision.reason if decision else str(word.over), "what serves was not touched")
    tonight.say("approval", decision.reason, {"votes": msgspec.to_builtins(decision.votes)})
    return decision.reason


def _shut(tonight: Tonight) -> str:
    outside = tonight.outside
    return closed(tonight.environment.policy, freezes.all_of(outside.objects), outside.clock.now()) or ""


def _lay_out(tonight: Tonight, plan: Plan) -> nights.Waiting:
    def lay_out() -> nights.Waiting:
        outside = tonight.outside
        since = outside.clock.now()
        until = datetime.fromisoformat(since) + timedelta(minutes=tonight.environment.policy.expires_minutes)
        text = until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        waiting = nights.Waiting(author=outside.identity.caller(), since=since, until=text)
        nights.put_waiting(outside.objects, tonight.key, waiting)
        nights.put_pointer(outside.objects, tonight.key)
        return waiting

    waiting = tonight.steps.run("lay out", nights.Waiting, lay_out)
    tonight.say("approval", f"plan {plan.digest} waits for approval until {waiting.until}")
    tonight.steps.run("tell approvers", bool, lambda: _tell(tonight, plan))
    return waiting


def _tell(tonight: Tonight, plan: Plan) -> bool:
    text = "\n".join([*explain(plan), "", f"approve: dco approve {tonight.key}", f"reject:  dco reject {tonight.key}"])
    subject = f"{tonight.environment.name}: night {tonight.key} waits for approval"
    tonight.outside.notices.send(subject, text, {"night": tonight.key, "digest": plan.digest})
    return True


def _next_word(tonight: Tonight, seen: tuple[str, ...], until: str) -> _Word:
    """Wait for ballots beyond those already seen, a newer night, or the expiry."""
    outside = tonight.outside
    while True:
        newer = nights.superseded_by(outside.objects, tonight.key)
        if newer is not None:
            return _Word(seen=seen, over=f"superseded: the offering of night {newer} has ended")
        if new := ballots.handed_in(outside.objects, tonight.key, seen):
            return _proved(tonight, new, seen)
        if outside.clock.now() >= until:
            return _Word(seen=seen, over=f"expired: nobody answered until {until}")
        outside.clock.sleep(POLL_SECONDS)


def _proved(tonight: Tonight, new: dict[str, Ballot | None], seen: tuple[str, ...]) -> _Word:
    votes: list[Vote] = []
    unproved: list[str] = []
    for key, ballot in new.items():
        if ballot is None:
            unproved.append(f"{key} is no ballot")
            continue
        try:
            identity = tonight.outside.identity.verify(ballot.proof, ballots.statement(ballot))
        except Refused as error:
            unproved.append(f"{key}: {error.what}")
            continue
        votes.append(
            Vote(identity=identity, digest=ballot.digest, verdict=ballot.verdict, why=ballot.why, at=ballot.at)
        )
    aborted = next((vote for vote in votes if vote.verdict is Verdict.ABORT), None)
    over = f"aborted by {aborted.identity}: {aborted.why}" if aborted else None
    kept = tuple(vote for vote in votes if vote.verdict is not Verdict.ABORT)
    return _Word(votes=kept, unproved=tuple(unproved), seen=(*seen, *new), over=over)


def _drop(tonight: Tonight) -> bool:
    nights.drop_pointer(tonight.outside.objects, tonight.key)
    return True
