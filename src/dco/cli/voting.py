"""What `approve`, `reject` and `abort` share: find the night that waits, prove who says what, hand it in."""

from pathlib import Path

from dco import settings
from dco.model.approval import Ballot, Verdict
from dco.model.errors import Refused
from dco.model.plan import Plan
from dco.record import ballots, lock, nights
from dco.wiring import connect
from dco.wiring.connect import Outside


def vote(directory: Path, night: str | None, verdict: Verdict, why: str, digest: str | None) -> tuple[str, Plan, str]:
    """Hand in a verdict; return the night, its plan and who said it.

    Raises `Refused` when no night waits, or when the plan is not the one that `digest` names.
    """
    environment = settings.read(directory).needed()
    outside = connect.outside(directory, environment)
    key = night or nights.who_waits(outside.objects) or _updating(outside, verdict)
    plan = nights.plan_of(outside.objects, key) if key else None
    if key is None or plan is None or nights.report(outside.objects, key) is not None:
        raise Refused(f"night {key} waits for nobody" if key else "no night waits", "`dco status` shows what runs")
    if digest is not None and digest != plan.digest:
        raise Refused(f"night {key} has plan {plan.digest}, not {digest}", f"look at it again: dco show {key}")
    unproved = Ballot(night=key, digest=plan.digest, verdict=verdict, why=why, at=outside.clock.now(), proof="")
    proof = outside.identity.prove(ballots.statement(unproved))
    ballot = Ballot(night=key, digest=plan.digest, verdict=verdict, why=why, at=unproved.at, proof=proof)
    ballots.hand_in(outside.objects, ballot)
    return key, plan, outside.identity.caller()


def _updating(outside: Outside, verdict: Verdict) -> str | None:
    held = lock.holder(outside.objects)
    return held.night if held is not None and not held.where and verdict is Verdict.ABORT else None
