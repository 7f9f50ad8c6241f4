"""The offering: started or observed, waited for, and never touched by anything else `dco` does."""

import msgspec

from dco.model.environment import (
    CommandOffering,
    EcsTaskOffering,
    Environment,
    HttpOffering,
    ObservedOffering,
    Offering,
    Quiet,
)
from dco.model.errors import ConfigurationError, OfferingFailed
from dco.model.offering import OfferingEnd
from dco.seams.outside import Outside

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
"""Between two looks at a running offering: the longer it runs, the rarer; a short one's end is seen at once."""
TOKEN = "offering"  # noqa: S105  # a name, not a secret


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """An offering that was started: where to look for its end, and since when."""

    handle: str
    at: str


def begin(offering: Offering, outside: Outside, night: str) -> Begun:
    """Start the offering once for a night; an observed one is only noted, an HTTP call is made while waiting."""
    token = f"{TOKEN}-{night}"
    handle = token
    if isinstance(offering, EcsTaskOffering):
        handle = outside.services.start_task(
            offering.cluster, offering.task_definition, offering.network_of, offering.command, token
        )
    elif isinstance(offering, CommandOffering):
        outside.commands.start(offering.command, token)
    return Begun(handle=handle, at=outside.clock.now())


def end(offering: Offering, environment: Environment | None, outside: Outside, begun: Begun) -> OfferingEnd:
    """Wait for the offering's end. Raises `OfferingFailed` when it failed or did not end within its time."""
    if isinstance(offering, EcsTaskOffering):
        return _end_of_task(offering, outside, begun)
    if isinstance(offering, CommandOffering):
        return _end_of_command(offering, outside, begun)
    if isinstance(offering, HttpOffering):
        return _end_of_call(offering, outside, begun)
    return _end_of_observed(offering, environment, outside)


def running(environment: Environment, outside: Outside) -> str | None:
    """Return what shows that an offering runs now, whoever started it; None when none does."""
    offering = environment.offering
    if isinstance(offering, EcsTaskOffering):
        tasks = outside.services.running_tasks(offering.cluster, offering.task_definition)
        return f"task {tasks[0]}" if tasks else None
    if isinstance(offering, ObservedOffering):
        database = environment.databases[offering.database]
        begun = outside.graphs.ask(database, offering.began)
        return "the database says so" if begun and not outside.graphs.ask(database, offering.ended) else None
    commands = outside.commands.running(TOKEN)
    return f"command {commands[0]}" if commands else None


def is_quiet(environment: Environment, outside: Outside) -> bool:
    """Ask the quiet question; True when none is set."""
    quiet: Quiet | None = environment.offering.quiet
    return quiet is None or outside.graphs.ask(environment.databases[quiet.database], quiet.cypher)


def _end_of_task(offering: EcsTaskOffering, outside: Outside, begun: Begun) -> OfferingEnd:
    deadline = outside.clock.seconds() + offering.time_limit_seconds
    while (state := outside.services.task(offering.cluster, begun.handle)).running:
        if outside.clock.seconds() > deadline:
            raise OfferingFailed(
                f"the offering still runs after {offering.time_limit_seconds:.0f} s ({begun.handle}); it is left alone",
                "look at its log; nothing is deployed tonight",
            )
        outside.clock.sleep(_pause(offering.time_limit_seconds, deadline - outside.clock.seconds()))
    if state.exit_code == 0:
        return OfferingEnd(well=True, sentence="the offering ended well", log=state.log)
    raise OfferingFailed(
        f"the offering failed with exit code {state.exit_code}: {state.reason}{_words(state.log)}",
        "mend the offering first; nothing is deployed tonight",
    )


def _end_of_command(offering: CommandOffering, outside: Outside, begun: Begun) -> OfferingEnd:
    deadline = outside.clock.seconds() + offering.time_limit_seconds
    while (state := outside.commands.state(begun.handle)).running:
        if outside.clock.seconds() > deadline:
            raise OfferingFailed(
                f"the offering's command still runs after {offering.time_limit_seconds:.0f} s; it is left alone",
                "look at its log; nothing is deployed tonight",
            )
        outside.clock.sleep(_pause(offering.time_limit_seconds, deadline - outside.clock.seconds()))
    if state.exit_code == 0:
        return OfferingEnd(well=True, sentence="the offering ended well", log=state.log)
    raise OfferingFailed(
        f"the offering's command failed with exit code {state.exit_code}{_words(state.log)}",
        "mend the offering first; nothing is deployed tonight",
    )


def _end_of_call(offering: HttpOffering, outside: Outside, begun: Begun) -> OfferingEnd:
    answer = outside.web.ask(
        offering.url, method=offering.method, timeout=offering.time_limit_seconds, token=begun.handle
    )
    if 200 <= answer.status < 300:  # noqa: PLR2004  # HTTP's own
        return OfferingEnd(well=True, sentence="the offering ended well")
    raise OfferingFailed(
        f"the offering's call answered {answer.status or 'nothing'}: {answer.body[:200]}",
        "mend the offering first; nothing is deployed tonight",
    )


def _end_of_observed(offering: ObservedOffering, environment: Environment | None, outside: Outside) -> OfferingEnd:
    if environment is None:
        raise ConfigurationError("an observed offering needs its database's section", "mend dco.toml first")
    database = environment.databases[offering.database]
    deadline = outside.clock.seconds() + offering.time_limit_seconds
    while not outside.graphs.ask(database, offering.ended):
        if outside.clock.seconds() > deadline:
            begun = outside.graphs.ask(database, offering.began)
            what = "has begun and not ended" if begun else "has not begun"
            raise OfferingFailed(
                f"the offering {what} within {offering.time_limit_seconds:.0f} s", "nothing is deployed tonight"
            )
        outside.clock.sleep(offering.poll_seconds)
    return OfferingEnd(well=True, sentence="the offering was seen to end well")


def _pause(limit: float, left: float) -> float:
    """Return a twentieth of the time that it has run, within the bounds."""
    return min(max(FIRST_PAUSE_SECONDS, (limit - left) / 20), LONGEST_PAUSE_SECONDS)


def _words(log: tuple[str, ...]) -> str:
    return "".join(f"\n    {line}" for line in log)
