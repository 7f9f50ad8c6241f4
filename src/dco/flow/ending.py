"""How a night ends: the release record, the report, the lock, and a word to people."""

from contextlib import suppress

import msgspec

from dco.detect.releasing import released_now, without_put_off
from dco.flow.looking import Seen, sentence_of
from dco.flow.tonight import Tonight
from dco.flow.updating import Updated, unlock
from dco.model.change import Status
from dco.model.environment import Environment
from dco.model.errors import DcoError, PersonNeeded, restore
from dco.model.offering import OfferingEnd
from dco.model.outcome import Outcome, Report, StepRecord
from dco.model.plan import Plan
from dco.plan.explain import explain
from dco.plan.redeploying import asked_for
from dco.record import changelog, nights, releases
from dco.seams.outside import Outside
from dco.verify.serving import served

_OUTCOMES = {
    2: Outcome.MISCONFIGURED,
    3: Outcome.OFFERING_FAILED,
    4: Outcome.REFUSED,
    5: Outcome.ROLLED_BACK,
    6: Outcome.PERSON_NEEDED,
}


def quiet(tonight: Tonight, began: str, offered: OfferingEnd, seen: Seen) -> Report:
    """End a night that found nothing to do; what is new elsewhere and asks for nothing is kept in the report."""
    noticed = tuple(sentence_of(one) for one in seen.changes.changes if one.status is Status.CHANGED)
    sentence = f"nothing has changed since {seen.released.revision[:12]} was released"
    sentence += f"; {len(noticed)} newer things are published elsewhere" if noticed else ""
    return _end(tonight, Report(
        night=tonight.key, environment=tonight.environment.name, outcome=Outcome.QUIET, sentence=sentence,
        began=began, ended="", revision=seen.released.revision, offering=offered.sentence, changes=noticed,
    ), tell=False)  # fmt: skip


def observed(tonight: Tonight, began: str, offered: OfferingEnd, plan: Plan) -> Report:
    """End a night that only looks, or whose plan has no step."""
    sentence = f"would do {len(plan.steps)} steps" if plan.steps else "what was found needs no step of the night"
    report = msgspec.structs.replace(
        _of_plan(tonight, began, offered, plan), sentence=sentence, remedy="\n".join(explain(plan))
    )
    return _end(tonight, report, tell=False)


def rehearsed(tonight: Tonight, began: str, offered: OfferingEnd, plan: Plan, steps: tuple[StepRecord, ...]) -> Report:
    """End a rehearsal: everything up to the last step was done, and taken back."""
    sentence = "would go on now: all was made and proved, and thrown away again"
    report = msgspec.structs.replace(_of_plan(tonight, began, offered, plan), sentence=sentence, steps=steps)
    return _end(tonight, report, tell=False)


def went_back(  # it is told as much as `closed` is
    tonight: Tonight, began: str, offered: OfferingEnd, plan: Plan, updated: Updated, why: str, *, asked: bool
) -> Report:
    """End a bake in which clients went back, because a person `asked` or by itself: what serves is recorded anew."""
    report = msgspec.structs.replace(_of_plan(tonight, began, offered, plan), steps=updated.steps)
    _record(tonight, plan)
    _log_change(tonight, plan, why)
    outcome = Outcome.DEPLOYED if asked else Outcome.ROLLED_BACK
    what = f"clients are back at what served before: {why}"
    return _end(tonight, msgspec.structs.replace(report, outcome=outcome, sentence=what), tell=True)


def baked(tonight: Tonight, began: str, sentence: str) -> Report:
    """End a bake's watch that somebody else has ended."""
    report = Report(
        night=tonight.key, environment=tonight.environment.name, outcome=Outcome.OBSERVED, sentence=sentence,
        began=began, ended="",
    )  # fmt: skip
    return _end(tonight, report, tell=False)


def closed(tonight: Tonight, began: str, offered: OfferingEnd, plan: Plan, updated: Updated, agreed: str) -> Report:
    """End a night that deployed, or took back what it had begun; `agreed` says by whose word it started."""
    report = msgspec.structs.replace(_of_plan(tonight, began, offered, plan), steps=updated.steps)
    if updated.failed is not None:
        what = f"all is as before: {restore(updated.failed).what}"
        return _end(tonight, msgspec.structs.replace(report, outcome=Outcome.ROLLED_BACK, sentence=what), tell=True)
    _record(tonight, plan)
    _log_change(tonight, plan, agreed)
    what = f"{plan.revision[:12]} serves and is verified"
    return _end(tonight, msgspec.structs.replace(report, outcome=Outcome.DEPLOYED, sentence=what), tell=True)


def failed(tonight: Tonight, began: str, error: DcoError) -> Report:
    """End a night that was stopped by an error; nothing is deployed, or a person must look."""
    outcome = _OUTCOMES.get(error.exit_code, Outcome.BROKEN)
    report = Report(
        night=tonight.key, environment=tonight.environment.name, outcome=outcome, sentence=error.what,
        remedy=error.remedy, began=began, ended="",
    )  # fmt: skip
    return _end(tonight, report, tell=True)


def _of_plan(tonight: Tonight, began: str, offered: OfferingEnd, plan: Plan) -> Report:
    return Report(
        night=tonight.key,
        environment=tonight.environment.name,
        outcome=Outcome.OBSERVED,
        sentence="",
        began=began,
        ended="",
        revision=plan.revision,
        offering=offered.sentence,
        plan_digest=plan.digest,
        changes=tuple(sentence_of(change) for change in plan.changes),
        databases=asked_for(tonight.environment, plan.changes),
    )


def _end(tonight: Tonight, report: Report, *, tell: bool) -> Report:
    """Keep the report, give the lock back unless a person is needed, and tell people where something was done.

    A report that can't be kept is still returned, and says so.
    """

    def keep() -> Report:
        outside = tonight.outside
        whole = msgspec.structs.replace(report, ended=outside.clock.now(), serves=_serves(tonight))
        nights.put_report(outside.objects, whole)
        tonight.journal.write(tonight.key, "ended", f"{whole.outcome}: {whole.sentence.splitlines()[0]}", "ended")
        return whole

    try:
        if report.outcome is not Outcome.PERSON_NEEDED:
            unlock(tonight)
        whole = tonight.steps.run("end", Report, keep)
    except DcoError as error:
        whole = msgspec.structs.replace(report, sentence=f"{report.sentence} (not recorded: {error.what})")
    return _told(tonight, whole) if tell else whole


def _told(tonight: Tonight, report: Report) -> Report:
    """Tell people how the night ended, in a step of its own: what else ends a night may run twice, a message not.

    A report that nobody heard of says so.
    """
    subject = f"{report.environment}: night {report.night} ended: {report.outcome}"
    facts = {"night": report.night, "outcome": str(report.outcome)}
    try:
        unheard = tonight.steps.run(
            "tell people", tuple[str, ...], lambda: tonight.outside.notices.send(subject, report.sentence, facts)
        )
    except DcoError as error:
        unheard = (error.what,)
    return msgspec.structs.replace(report, sentence="; ".join((report.sentence, *unheard)))


def _serves(tonight: Tonight) -> dict[str, str]:
    applications = tonight.environment.applications.items()
    return {name: served(tonight.outside, application) or "unknown" for name, application in applications}


def _record(tonight: Tonight, plan: Plan) -> None:
    """Write the release record. Raises `PersonNeeded` when what serves could not be recorded."""
    outside = tonight.outside

    def write() -> bool:
        at = outside.clock.now()
        made = released_now(tonight.environment, outside, plan.revision, tonight.key, at)
        releases.write(outside.objects, without_put_off(made, releases.read(outside.objects), plan.changes))
        return True

    try:
        tonight.steps.run("record the release", bool, write)
    except DcoError as error:
        raise PersonNeeded(
            f"{plan.revision[:12]} serves and is verified, but could not be recorded: {error.what}",
            "run `dco adopt` when the bucket answers again, else the next night takes it for drift",
        ) from error


def _log_change(tonight: Tonight, plan: Plan, agreed: str) -> None:
    """Put what was deployed into the environment's changelog. Raises `PersonNeeded` when it can't be written."""
    outside = tonight.outside

    def write() -> bool:
        changes = tuple(sentence_of(change) for change in plan.changes)
        entry = changelog.of_plan(plan, tonight.key, outside.clock.now(), changes, agreed)
        changelog.add(outside.objects, entry)
        return True

    try:
        tonight.steps.run("write the changelog", bool, write)
    except DcoError as error:
        raise PersonNeeded(
            f"{plan.revision[:12]} serves, is verified and recorded, but not in the changelog: {error.what}",
            f"`dco show {tonight.key}` has what the entry would say",
        ) from error


def broken(outside: Outside, environment: Environment, key: str, began: str, error: DcoError) -> Report:
    """Keep a report of a night that something unforeseen has ended; its lock stays, as a person must look.

    Where even that can't be written, what is returned is all there is.
    """
    report = Report(
        night=key,
        environment=environment.name,
        outcome=_OUTCOMES.get(error.exit_code, Outcome.BROKEN),
        sentence=error.what,
        remedy=error.remedy,
        began=began,
        ended=outside.clock.now(),
    )
    with suppress(DcoError):
        nights.put_report(outside.objects, report)
    return report
