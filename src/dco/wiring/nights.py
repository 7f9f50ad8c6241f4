"""Runs nights and rollbacks in the engine, and the offering whatever else is wrong."""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import msgspec

from dco.flow import baking, clearing, ending, installing, redeploying, unfinished
from dco.flow.due import overdue
from dco.flow.lateness import LOOK_SECONDS, Lateness
from dco.flow.night import Request, night
from dco.flow.offering import begin, end
from dco.flow.resuming import began, new_key, night_to_go_on, rollback_to_go_on
from dco.flow.rollback import MARK, rollback
from dco.flow.rollback import Request as RollbackRequest
from dco.flow.steps import Steps, Story
from dco.flow.tonight import Tonight
from dco.model.environment import Aws, Environment, Offering, State
from dco.model.errors import ConfigurationError, DcoError, OfferingFailed, PersonNeeded
from dco.model.offering import OfferingEnd
from dco.model.outcome import Outcome, Report
from dco.providers.clock import SystemClock
from dco.record.journal import ChainedJournal
from dco.seams.outside import Outside
from dco.settings import Settings
from dco.wiring.bakes import mark_bake, open_bake
from dco.wiring.connect import operations, outside, own_directory

if TYPE_CHECKING:
    from dco.flow.engine import Engine

Tell = Callable[[str], None]
EARLY_SECONDS = 3.0
"""For how long the engine waits until the offering was begun; then it is imported beside that."""
_FOLLOWED = (Outcome.OBSERVED, Outcome.DEPLOYED)


class _ToldJournal(ChainedJournal):
    """Says each sentence to the screen as it is written."""

    def __init__(self, outside: Outside, tell: Tell) -> None:
        super().__init__(outside.objects, outside.clock)
        self._tell = tell

    def write(self, night: str, kind: str, sentence: str, token: str, facts: dict[str, Any] | None = None) -> None:
        super().write(night, kind, sentence, token, facts)
        self._tell(f"{kind}: {sentence}")


def engine(directory: Path, environment: Environment, said: Tell, begun: Tell) -> "Engine":
    """Return the engine with its stories. `said` hears the journal's sentences, `begun` the steps' names."""

    def telling(tell: Callable[[Tonight, Any], Report], kind: Any) -> Story:
        def story(steps: Steps, key: str, request: dict[str, Any]) -> dict[str, Any]:
            asked = msgspec.convert(request, kind)
            world = outside(directory, asked.environment)
            journal = _ToldJournal(world, said)
            tonight = Tonight(key, asked.environment, world, journal, steps, operations(asked.environment, world))
            return msgspec.to_builtins(tell(tonight, asked))

        return story

    _keep_log(own_directory(directory, environment))
    # DBOS takes a second to import, which commands without a night should not pay for
    from dco.flow.engine import Engine  # noqa: PLC0415

    stories = {
        "night": telling(night, Request),
        "rollback": telling(rollback, RollbackRequest),
        "redeploy": telling(redeploying.tell, redeploying.Request),
        "bake": telling(baking.tell, baking.Request),
        "clear": telling(clearing.tell, clearing.Request),
        "plugin": telling(installing.tell, installing.Request),
    }
    return Engine(own_directory(directory, environment), stories, tell=begun)


def _keep_log(own: Path) -> None:
    """Keep tracebacks of what was unforeseen in `engine.log`; a place that can't be written is the engine's to tell."""
    log = logging.getLogger("dco")
    with suppress(OSError):
        own.mkdir(parents=True, exist_ok=True)
        if not log.handlers:
            log.addHandler(logging.FileHandler(own / "engine.log", delay=True, encoding="utf-8"))
            log.propagate = False


def run(settings: Settings, said: Tell, begun: Tell, *, skip_offering: bool = False) -> Report:
    """Run a night, or go on with the one that was interrupted; the offering runs whatever else is wrong.

    With `skip_offering` only a new night's offering is left out: what was refused or mended can be deployed by day.

    Raises the error that stopped the night where there is no report: `ConfigurationError` after the offering for a
    configuration that can't be read, `Refused` when a night runs already, `PersonNeeded` when the engine can't write.
    """
    environment = settings.environment
    now = SystemClock().now()
    if environment is None:
        if not skip_offering:
            offering_only(settings, new_key(now), said)
        raise settings.trouble or ConfigurationError("the configuration can't be read")
    own = own_directory(settings.directory, environment)
    key = new_key(now)
    early = _begin_early(settings, environment, own, key, skip=skip_offering)
    # the engine's import, of a second, would hold it up; it passes while the offering runs
    early.join(EARLY_SECONDS)
    try:
        with engine(settings.directory, environment, said, begun) as running:
            early.join()
            key = night_to_go_on(running.unfinished(), environment, now) or _marked(own, environment, now) or key
            unfinished.mark(own, key)
            request = Request(environment=environment, began=now, skip_offering=skip_offering)
            running.start("night", key, msgspec.to_builtins(request))
            watched = Lateness(environment, outside(settings.directory, environment), key, began(key))
            done = msgspec.convert(watched.await_end(lambda: running.wait(key, LOOK_SECONDS), said), Report)
            done = _followed(settings, running, done)
            unfinished.clear(own, key)
            return done
    except PersonNeeded:
        early.join()
        if not skip_offering and unfinished.marked(own) in {None, key}:
            offering_only(settings, key, said)
        raise
    except DcoError as error:
        if error.exit_code == 1:
            # it ended, if not well: the next start must not wait for it
            unfinished.clear(own, key)
            ending.broken(outside(settings.directory, environment), environment, key, now, error)
        raise


def _followed(settings: Settings, running: "Engine", done: Report) -> Report:
    """Redeploy the databases for which the night found another image, unless it only looks or a bake is open.

    The night counts as unfinished until then, so that whoever comes after a crash goes on here.
    """
    environment = settings.needed()
    if not done.databases or environment.mode == "observe" or done.outcome not in _FOLLOWED:
        return done
    key, now = f"{done.night}{redeploying.MARK}", SystemClock().now()
    try:
        if open_bake(settings) is not None:
            return msgspec.structs.replace(done, sentence=f"{done.sentence}; the databases wait until the bake is over")
        asked = redeploying.Request(environment=environment, began=now, images=dict(done.databases))
        running.start("redeploy", key, msgspec.to_builtins(asked))
        ended = msgspec.convert(running.wait(key), Report)
        mark_bake(settings)
    except DcoError as error:
        ended = ending.broken(outside(settings.directory, environment), environment, key, now, error)
    return msgspec.structs.replace(done, redeploy=ended)


def _begin_early(settings: Settings, environment: Environment, own: Path, key: str, *, skip: bool) -> Thread:
    """Begin the offering before the engine is imported, if no other night has begun.

    The night's own step finds it begun, by the same token. What goes wrong here shows there.
    """

    def begin_it() -> None:
        with suppress(OSError, DcoError):
            if not skip and unfinished.mark(own, key):
                begin(environment.offering, outside(settings.directory, environment), key)

    thread = Thread(target=begin_it, daemon=True)
    thread.start()
    return thread


def _marked(own: Path, environment: Environment, now: str) -> str | None:
    """Return the night that was begun and never reached the engine; a mark of one that is overdue is taken away."""
    key = unfinished.marked(own)
    if key is not None and overdue(environment.schedule, began(key), now):
        unfinished.clear(own, key)
        return None
    return key


def go_back(settings: Settings, to: str | None, why: str, said: Tell, begun: Tell) -> Report:
    """Go back to an earlier release, or go on with going back when that was interrupted.

    Raises `Refused` while a night has begun and not ended, `PersonNeeded` when the engine can't write.
    """
    environment = settings.needed()
    now = SystemClock().now()
    with engine(settings.directory, environment, said, begun) as running:
        key = rollback_to_go_on(running.unfinished())
        if key is None:
            key = new_key(now) + MARK
            request = RollbackRequest(environment=environment, began=now, to=to, why=why)
            running.start("rollback", key, msgspec.to_builtins(request))
        return msgspec.convert(running.wait(key), Report)


def offering_only(settings: Settings, key: str, said: Tell) -> OfferingEnd:
    """Run a night's offering without an engine, once. Raises `OfferingFailed`."""
    if settings.offering is None:
        raise settings.trouble or ConfigurationError("the offering's section can't be read", "mend [offering]")
    world = outside(settings.directory, settings.environment or _bare(settings.aws, settings.offering))
    begun = begin(settings.offering, world, key)
    try:
        ended = end(settings.offering, settings.environment, world, begun)
    except OfferingFailed as error:
        raise OfferingFailed(
            f"{error.what} (and {settings.trouble or 'the engine does not work'})", error.remedy
        ) from error
    said(f"offering: {ended.sentence}; updates are stopped")
    return ended


def _bare(aws: Aws | None, offering: Offering) -> Environment:
    """Return the least environment that lets an offering run."""
    return Environment(name="unknown", aws=aws or Aws(region="us-east-1"), state=State(bucket=""), offering=offering)
