"""What answers through the load balancer, and what runs behind it."""

import msgspec

from dco.model.environment import Application, Environment
from dco.model.finding import Finding, Mark
from dco.seams.outside import Outside


def served(outside: Outside, application: Application) -> str | None:
    """Return the digest that answers through the load balancer, None when nobody says one."""
    if application.version_url is None:
        return None
    answer = outside.web.ask(application.version_url)
    if answer.status != 200:  # noqa: PLR2004  # HTTP's own
        return None
    try:
        said = msgspec.json.decode(answer.body, type=dict[str, object]).get(application.version_field)
    except msgspec.DecodeError:
        return None
    return None if said is None else str(said)


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """How things were before: what was bad already says nothing against what came after."""

    alarms: tuple[str, ...] = ()
    """Names of alarms that rang."""
    failed_tasks: dict[str, int] = {}
    """Service key → how many tasks of its present deployment had died."""


def baseline(outside: Outside, environment: Environment) -> Baseline:
    """Read how things are now."""
    died = {
        key: outside.services.rollout(service.cluster, service.name, service.container).failed_tasks
        for application in environment.applications.values()
        for key, service in application.services.items()
    }
    return Baseline(alarms=ringing(outside, environment), failed_tasks=died)


def ringing(outside: Outside, environment: Environment) -> tuple[str, ...]:
    """Return the names of the alarms that ring."""
    return tuple(sentence.partition(":")[0] for sentence in outside.alarms.ringing(environment.verify.alarms))


def look(outside: Outside, environment: Environment, wanted: dict[str, str], before: Baseline) -> tuple[Finding, ...]:
    """Compare what serves with the wanted image of each application, ask for its health and for alarms that ring.

    Tasks that had died and alarms that rang `before` are left out.
    """
    findings: list[Finding] = []
    for name, image in wanted.items():
        application = environment.applications[name]
        findings += _version(outside, name, application, image)
        findings += _health(outside, name, application)
        findings += _tasks(outside, application, image, before)
    findings += [
        Finding(Mark.NG, "alarm", ringing, "look at what the alarm watches")
        for ringing in outside.alarms.ringing(environment.verify.alarms)
        if ringing.partition(":")[0] not in before.alarms
    ]
    return tuple(findings)


def digest_of(image: str) -> str:
    """Return `sha256:…` of an image reference."""
    return image.rpartition("@")[2]


def _version(outside: Outside, name: str, application: Application, image: str) -> list[Finding]:
    if application.version_url is None:
        return [Finding(Mark.SKIP, f"version of {name}", "no version_url is set")]
    says = served(outside, application)
    if says == digest_of(image):
        return [Finding(Mark.OK, f"version of {name}", f"{digest_of(image)[:19]} answers")]
    return [Finding(Mark.NG, f"version of {name}", f"{says or 'nobody'} answers, not {digest_of(image)[:19]}")]


def _health(outside: Outside, name: str, application: Application) -> list[Finding]:
    if application.health_url is None:
        return [Finding(Mark.SKIP, f"health of {name}", "no health_url is set")]
    answer = outside.web.ask(application.health_url)
    if answer.status == 200:  # noqa: PLR2004  # HTTP's own
        return [Finding(Mark.OK, f"health of {name}", "it answers 200")]
    return [Finding(Mark.NG, f"health of {name}", f"it answers {answer.status}: {answer.body[:200]}")]


def _tasks(outside: Outside, application: Application, image: str, before: Baseline) -> list[Finding]:
    found: list[Finding] = []
    for key, service in application.services.items():
        state = outside.services.rollout(service.cluster, service.name, service.container)
        what = f"tasks of {service.name}"
        died = state.failed_tasks - before.failed_tasks.get(key, 0)
        if died > 0:
            log = outside.services.failed_log(service.cluster, service.name, state.revision)
            words = "".join(f"\n    {line}" for line in log)
            found.append(Finding(Mark.NG, what, f"{died} tasks died after the rollout{words}"))
        elif not state.settled or state.images != (digest_of(image),):
            found.append(Finding(Mark.NG, what, f"{state.running} of {state.wanted} run, images {state.images}"))
        else:
            found.append(Finding(Mark.OK, what, f"{state.running} of {state.wanted} run it and nothing else"))
    return found
