"""The first release record, read from what runs; without it the first night would redeploy everything."""

from dco.detect.releasing import released_now
from dco.model.environment import Application, Environment
from dco.model.errors import ConfigurationError, Refused
from dco.model.release import Release
from dco.record import lock, nights, releases
from dco.seams.outside import Outside
from dco.verify.serving import digest_of


def adopt(environment: Environment, outside: Outside, revision: str | None, night: str, *, again: bool) -> Release:
    """Record what runs now as released from a commit (HEAD when none is named).

    Raises `Refused` when something is recorded already, is being updated, or is not settled; `ConfigurationError` for
    a repository that can't say what the commit holds. The lock that a night kept, because a person was needed, is given
    back.
    """
    _check_record(outside, again=again)
    if trouble := outside.source.trouble(None):
        raise ConfigurationError("the repository can't tell what runs: " + "; ".join(trouble), "mend it, then adopt")
    commit = outside.source.resolve(revision) if revision else outside.source.head()
    for name, application in environment.applications.items():
        _check_application(name, application, outside)
    release = released_now(environment, outside, commit, night, outside.clock.now())
    releases.write(outside.objects, release)
    if (held := lock.holder(outside.objects)) is not None:
        # that night ended with a person needed: this is the person, who says that what runs is right
        lock.release(outside.objects, held.night)
    return release


def _check_record(outside: Outside, *, again: bool) -> None:
    held = lock.holder(outside.objects)
    if held is not None and nights.report(outside.objects, held.night) is None:
        raise Refused(
            f"{held.whose} of {held.who} updates the environment since {held.since}",
            "adopt when it has ended: `dco status` shows it",
        )
    present = releases.read(outside.objects)
    if present is not None and not again:
        raise Refused(
            f"{present.revision[:12]} is recorded as released since {present.at}",
            "`dco adopt --again` records anew what runs; the old record stays in the history",
        )


def _check_application(name: str, application: Application, outside: Outside) -> None:
    """Refuse what is in motion, and images of which slot, tasks and task families tell different things."""
    slot = outside.parameters.get(application.image_parameter)
    if slot is None:
        raise ConfigurationError(
            f"the slot {application.image_parameter} of {name} does not exist",
            "create it with the image that runs, as REPOSITORY@sha256:…",
        )
    if not digest_of(slot).startswith("sha256:"):
        raise ConfigurationError(
            f"the slot {application.image_parameter} of {name} says {slot}, which names no digest",
            "set it to the image that runs, as REPOSITORY@sha256:…",
        )
    for service in application.services.values():
        now = outside.services.rollout(service.cluster, service.name, service.container)
        if not now.settled:
            raise Refused(
                f"service {service.name} is not settled: {now.running} of {now.wanted} tasks run, {now.state}",
                "wait until its rollout has ended, then adopt",
            )
        if now.images != (digest_of(slot),):
            raise Refused(
                f"service {service.name} runs {_named(now.images)}, its slot names {digest_of(slot)[:19]}",
                f"set {application.image_parameter} to the image that runs, or deploy what it names",
            )
    for family in application.families:
        image = outside.services.image_of(outside.services.newest(family))
        if digest_of(image) != digest_of(slot):
            raise Refused(
                f"task family {family} names {_named((digest_of(image),))}, the slot {digest_of(slot)[:19]}",
                "apply Terraform, or register a revision with the slot's image",
            )


def _named(images: tuple[str, ...]) -> str:
    return ", ".join(image[:19] for image in images) or "nothing"
