"""After the offering: take over from a night that still waits, look for changes, and plan."""

import msgspec

from dco.detect.detect import Look, detect
from dco.flow.tonight import Tonight
from dco.model.change import Change, ChangeSet
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, Refused
from dco.model.plan import Plan
from dco.model.release import Release
from dco.plan.build import build
from dco.plan.deciding import decide
from dco.plan.explain import explain
from dco.record import nights, quarantine, releases
from dco.seams.outside import Outside


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the look found, and what it was compared with."""

    released: Release
    revision: str
    """The commit that was looked at."""
    look: Look

    @property
    def changes(self) -> ChangeSet:
        """All changes."""
        return self.look.changes


def enter(tonight: Tonight) -> None:
    """Tell a night that still waits for approval that a newer offering has ended."""

    def supersede() -> bool:
        objects = tonight.outside.objects
        waits = nights.who_waits(objects)
        if waits is None or waits == tonight.key:
            return False
        nights.supersede(objects, waits, tonight.key)
        return True

    tonight.steps.run("enter", bool, supersede)


def look(tonight: Tonight) -> Seen:
    """Compare everything with the release record. Raises `ConfigurationError` where nothing can be compared."""
    seen = tonight.steps.run("detect", Seen, lambda: see(tonight.environment, tonight.outside))
    for change in seen.changes.unread():
        tonight.say("detected", sentence_of(change))
    for change in seen.changes.to_do():
        tonight.say("detected", sentence_of(change))
    return seen


def see(environment: Environment, outside: Outside, since: Release | None = None, revision: str = "") -> Seen:
    """Look at everything, by default from the present release to HEAD; writes nothing to AWS.

    Raises `ConfigurationError` where nothing can be compared.
    """
    released = since or releases.read(outside.objects)
    if released is None:
        raise ConfigurationError(
            f"nothing was ever released in {environment.name}: there is nothing to compare with",
            "run `dco adopt` once: it records what runs now",
        )
    if trouble := outside.source.trouble(released.revision):
        raise ConfigurationError(
            "the repository can't be compared: " + "; ".join(trouble), "mend it and start the night again"
        )
    revision = revision or outside.source.head()
    look = detect(environment, outside, released, revision)
    changes = decide(environment.policy, look.changes, outside.clock.now())
    return Seen(released=released, revision=revision, look=msgspec.structs.replace(look, changes=changes))


def plan(tonight: Tonight, seen: Seen) -> Plan:
    """Compile what was found into steps. Raises `Refused` for what a guard, unread sources or quarantine keep out."""
    unread = [change for change in seen.changes.unread() if tonight.environment.stops_at(change.source)]
    if unread:
        raise Refused(
            "can't tell what changed: " + "; ".join(sentence_of(change) for change in unread),
            'mend the source, or set policy.on_unknown (or on_error of that source under [sources]) to "go-on"',
        )
    made = tonight.steps.run("plan", Plan, lambda: build(tonight.environment, seen.released, seen.look, seen.revision))
    tonight.say("planned", f"plan {made.digest} of {len(made.steps)} steps, risk {made.risk}", {"lines": explain(made)})
    if made.refusals:
        raise Refused("the plan is refused: " + "; ".join(made.refusals), "each refusal names its way out")
    _keep_out(tonight, made)
    if made.steps:
        tonight.keep(made)
    return made


def _keep_out(tonight: Tonight, made: Plan) -> None:
    found = tonight.steps.run(
        "quarantine",
        tuple[quarantine.Quarantined, ...],
        lambda: quarantine.find(tonight.outside.objects, made),
    )
    for kept in found:
        raise Refused(
            f"this was rolled back by night {kept.night} and is kept out: {kept.why}",
            f"change what it deploys, or release it with `dco release {kept.goal}`",
        )


def sentence_of(change: Change) -> str:
    """Return a change as a sentence."""
    arrow = (
        f" ({change.current or 'none'} → {change.available or 'none'})" if change.current or change.available else ""
    )
    return f"{change.component} is {change.status}{arrow}: {change.reason}"
