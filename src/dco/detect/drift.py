"""Source `drift`: what runs against what was released; whoever changed it, `dco` included."""

from dco.model import slot
from dco.model.change import Action, Change, Status
from dco.model.environment import Application, Environment, Service
from dco.model.errors import ConfigurationError, DcoError
from dco.model.release import ApplicationRelease, Release
from dco.seams.parameters import Parameters
from dco.seams.services import Rollout, Services


def of_application(
    name: str, application: Application, released: Release, services: Services, parameters: Parameters
) -> tuple[Change, ...]:
    """Compare an application's slot, services and task families with what was released. Raises `DcoError`."""
    before = released.applications.get(name)
    if before is None:
        return ()  # it was never released: source `application` says so
    there = parameters.get(application.image_parameter)
    rolled = application.services.items()
    return (
        _slot(name, application, before, there),
        *(_service(f"drift:service/{key}", service, before, services) for key, service in rolled),
        *(_family(f"drift:family/{family}", family, before, services) for family in application.families),
    )


def of_databases(environment: Environment, released: Release, parameters: Parameters) -> tuple[Change, ...]:
    """Compare the slot of every database with what was released. Raises `DcoError`."""
    found: list[Change] = []
    for name, database in environment.databases.items():
        wanted, there = released.databases.get(name), parameters.get(database.slot)
        component = f"drift:database/{name}"
        if wanted is not None and (there == wanted or _serves_the_same(wanted, there or "", database.slot)):
            found.append(_same(component, "its slot says what was released"))
            continue
        reason = (
            f"its slot {database.slot} says {there or 'nothing'}, released was {wanted or 'nothing'}: a database moves "
            "only by a redeploy; put the slot back, or record what runs by `dco adopt` if that is right"
        )
        found.append(_differs(component, reason, Action.BLOCK, wanted, there, (database.slot,)))
    return tuple(found)


def _serves_the_same(wanted: str, there: str, parameter: str) -> bool:
    """Tell whether two slots name the same server that serves: another that follows, or goes, is no drift."""
    try:
        return slot.read(wanted, parameter).serving == slot.read(there, parameter).serving
    except ConfigurationError:
        return False


def failed(component: str, error: DcoError, status: Status) -> Change:
    """Say that something could not be looked at."""
    reason = f"{error.what}; {error.remedy}" if error.remedy else error.what
    return Change(source="drift", component=component, status=status, reason=reason)


def _slot(name: str, application: Application, before: ApplicationRelease, there: str | None) -> Change:
    component = f"drift:slot/{name}"
    if there == before.image:
        return _same(component, "its slot names the released image")
    reason = f"its slot {application.image_parameter} does not name the released image"
    return _differs(component, reason, Action.REDEPLOY, before.image, there, (application.image_parameter,))


def _service(component: str, service: Service, before: ApplicationRelease, services: Services) -> Change:
    now = services.rollout(service.cluster, service.name, service.container)
    digest = _digest(before.image)
    released = before.task_definitions.get(service.family)
    strangers = tuple(image for image in now.images if _digest(image) != digest)
    if now.state == "in-progress" and (strangers or now.revision != released):
        reason = f"somebody else is rolling it out right now ({_short(now.revision)}); wait until that has ended"
        return _differs(component, reason, Action.BLOCK, _short(released), _short(now.revision), now.events[:3])
    if strangers:
        reason = "it runs another image than the released one"
        return _differs(component, reason, Action.REDEPLOY, digest, ", ".join(strangers), now.events[:3])
    if released is not None and now.revision != released:
        reason = f"it runs {_short(now.revision)} (the released image with other settings), not {_short(released)}"
        return _differs(component, reason, Action.APPROVE, _short(released), _short(now.revision), now.events[:3])
    return _running(component, now)


def _running(component: str, now: Rollout) -> Change:
    if now.wanted == 0:
        reason = "it was scaled to zero: nothing that is deployed could be proved; scale it up first"
        return _differs(component, reason, Action.BLOCK, "running", "0 tasks", now.events[:3])
    if now.running == 0:
        what = f"none of its {now.wanted} tasks runs: what serves can't be read"
        return Change(source="drift", component=component, status=Status.UNKNOWN, reason=what, evidence=now.events[:3])
    return _same(component, f"{now.running} of {now.wanted} tasks run the released image")


def _family(component: str, family: str, before: ApplicationRelease, services: Services) -> Change:
    newest = services.newest(family)
    released = before.task_definitions.get(family)
    image = services.image_of(newest)
    if _digest(image) != _digest(before.image):
        reason = f"its newest revision {_short(newest)} names another image than the released one"
        return _differs(component, reason, Action.REDEPLOY, _digest(before.image), _digest(image), (newest,))
    if released is not None and newest != released:
        reason = f"its newest revision is {_short(newest)} (the released image with other settings), not the released"
        return _differs(component, reason, Action.APPROVE, _short(released), _short(newest), (newest,))
    return _same(component, "its newest revision names the released image")


def _digest(image: str) -> str:
    return image.rpartition("@")[2]


def _short(revision: str | None) -> str:
    return (revision or "nothing").rpartition("/")[2]


def _same(component: str, reason: str) -> Change:
    return Change(source="drift", component=component, status=Status.UNCHANGED, reason=reason)


def _differs(  # a change has that many parts
    component: str,
    reason: str,
    action: Action,
    current: str | None,
    available: str | None,
    evidence: tuple[str, ...],
) -> Change:
    return Change(
        source="drift",
        component=component,
        status=Status.CHANGED,
        action=action,
        reason=reason,
        current=current,
        available=available,
        evidence=evidence,
    )
