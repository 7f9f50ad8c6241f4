"""Source `images`: the machine image of each database and other instance against the one that is wanted.

What runs is read from the machines themselves, so it is known also when its image was deregistered. An image that is
too young is shown and not asked for, unless `urgent` names what it fixes; nothing ever goes back to an older image.

Access: ec2:DescribeInstances, DescribeInstanceImageMetadata, DescribeImages, ssm:GetParameter. Cost: four requests.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from dco.detect.telling import age, days_between
from dco.model.change import Action, Change, Status
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, Unreadable
from dco.model.watching import MachineImage
from dco.seams.fleet import Fleet, Instance, MachineImageState
from dco.seams.parameters import Parameters

_SOURCE = "images"
_ID = re.compile(r"ami-[0-9a-f]{8,17}")
_SOON_DAYS = 30


@dataclass(frozen=True)
class Running:
    """What runs: a machine and its image, None when that is deregistered."""

    instance: Instance
    image: MachineImageState | None


class _Slot(msgspec.Struct):
    colour: str | None = None


def component(name: str, wish: MachineImage) -> str:
    """Return what a wish's changes are about."""
    return f"database:{wish.database}" if wish.database else f"image:{name}"


def detect(
    name: str, wish: MachineImage, environment: Environment, fleet: Fleet, parameters: Parameters, now: str
) -> tuple[Change, ...]:
    """Compare what runs with what is wanted. Raises `ConfigurationError` for a wish that names nothing."""
    machines = _serving(wish, environment, fleet, parameters)
    images = {identifier: fleet.image(identifier) for identifier in sorted({each.image for each in machines})}
    running = [Running(each, images[each.image]) for each in machines]
    return (decide(component(name, wish), wish, running, _candidates(wish, fleet, parameters), now),)


def decide(
    subject: str, wish: MachineImage, running: Iterable[Running], candidates: Iterable[MachineImageState], now: str
) -> Change:
    """Judge what runs by the images that fit the wish; a fixed image or a parameter is its only candidate."""
    ran = list(running)
    usable = sorted((one for one in candidates if one.available), key=_order)
    if not ran:
        return _unknown(subject, "no machine carries its tags: what runs can't be told")
    if wish.name:
        usable = [one for one in usable if not _is_deprecated(one, now)]
    if not usable:
        return _unknown(subject, "no image that can be used fits what is wanted", ran)
    ripe = [one for one in usable if _is_ripe(wish, one, now)]
    newest, best = usable[-1], ripe[-1] if ripe else None
    behind = [each for each in ran if best is not None and _is_behind(each, best, wish)]
    if best is not None and behind:
        return _changed(subject, wish, behind, best, now)
    if trouble := _trouble(ran, now):
        return _change(subject, ran, newest, Action.APPROVE, f"{trouble}, and nothing newer is old enough to take")
    if all(each.instance.image == newest.id or not _is_behind(each, newest, wish) for each in ran):
        reason = f"it runs {newest.name or newest.id}, the newest that fits"
        return Change(
            source=_SOURCE, component=subject, status=Status.UNCHANGED, reason=reason, current=_images(ran),
            evidence=_evidence(ran),
        )  # fmt: skip
    waits = f"{_named(newest)}{age(newest.created, now)} is newer, and is taken when it is {wish.soak_days:g} days old"
    return _change(subject, ran, newest, Action.NONE, waits)


def _changed(subject: str, wish: MachineImage, behind: list[Running], best: MachineImageState, now: str) -> Change:
    """Say that another image is wanted, and why that one."""
    fixes = f", which fixes {wish.urgent[best.id]}" if best.id in wish.urgent else ""
    trouble = _trouble(behind, now)
    reason = f"{_named(best)}{age(best.created, now)}{fixes} is wanted instead of {_names(behind)}"
    reason += f"; {trouble}" if trouble else ""
    return _change(subject, behind, best, Action.REDEPLOY if wish.database else Action.APPROVE, reason)


def _serving(
    wish: MachineImage, environment: Environment, fleet: Fleet, parameters: Parameters
) -> tuple[Instance, ...]:
    """Return the machines a wish is about: of a database those of the colour that serves, if its slot says which."""
    if wish.database is None:
        return fleet.instances(wish.tags)
    machines = fleet.instances({"dco:database": wish.database})
    slot = parameters.get(environment.databases[wish.database].slot)
    try:
        colour = msgspec.json.decode(slot or "{}", type=_Slot).colour
    except msgspec.DecodeError:
        colour = None
    of_colour = tuple(each for each in machines if each.tags.get("dco:colour") == colour)
    return of_colour or machines


def _candidates(wish: MachineImage, fleet: Fleet, parameters: Parameters) -> tuple[MachineImageState, ...]:
    if wish.name and wish.owner:
        return fleet.images(wish.owner, wish.name, wish.architecture)
    identifier = wish.id or _from_parameter(wish.parameter or "", parameters)
    image = fleet.image(identifier)
    if image is None:
        what = f"the wanted image {identifier} is deregistered, or not shared with this account"
        raise ConfigurationError(what, "name another under [images] in dco.toml")
    return (image,)


def _from_parameter(name: str, parameters: Parameters) -> str:
    value = parameters.get(name)
    if value is None:
        raise ConfigurationError(f"the parameter {name} does not exist", "correct parameter under [images]")
    if not _ID.fullmatch(value.strip()):
        raise Unreadable(f"the parameter {name} does not name an image", "see what it says")
    return value.strip()


def _is_behind(running: Running, wanted: MachineImageState, wish: MachineImage) -> bool:
    """Tell whether a machine should move: always to a fixed image, else only forward in time."""
    if running.instance.image == wanted.id:
        return False
    return bool(wish.id) or running.image is None or _order(running.image) < _order(wanted)


def _is_ripe(wish: MachineImage, image: MachineImageState, now: str) -> bool:
    days = days_between(image.created, now)
    return bool(wish.id) or image.id in wish.urgent or (days is not None and days >= wish.soak_days)


def _is_deprecated(image: MachineImageState, now: str) -> bool:
    days = days_between(image.deprecated, now)
    return days is not None and days >= 0


def _trouble(running: Iterable[Running], now: str) -> str:
    """Say what is wrong with what runs: deregistered, deprecated, or about to be."""
    for each in running:
        if each.image is None:
            return f"the image of {each.instance.id} is deregistered: it can't be started anew"
        days = days_between(now, each.image.deprecated)
        if days is not None and days <= _SOON_DAYS:
            when = "is deprecated since" if days <= 0 else "will be deprecated on"
            return f"the image of {each.instance.id} {when} {str(each.image.deprecated)[:10]}"
    return ""


def _order(image: MachineImageState) -> tuple[str, tuple[tuple[int, str], ...], str]:
    """Sort by age; of images made in one second the one with the higher version in its name is newer."""
    parts = re.findall(r"\d+|\D+", image.name)
    natural = tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
    return image.created[:19], natural, image.id


def _unknown(subject: str, what: str, running: Iterable[Running] = ()) -> Change:
    evidence = _evidence(running)
    return Change(source=_SOURCE, component=subject, status=Status.UNKNOWN, reason=what, evidence=evidence)


def _change(subject: str, running: list[Running], available: MachineImageState, action: Action, reason: str) -> Change:
    return Change(
        source=_SOURCE,
        component=subject,
        status=Status.CHANGED,
        action=action,
        reason=reason,
        current=_images(running),
        available=available.id,
        evidence=(*_evidence(running), f"{available.id}: {available.name}, made {available.created}"),
    )


def _images(running: Iterable[Running]) -> str:
    return ", ".join(sorted({each.instance.image for each in running}))


def _names(running: Iterable[Running]) -> str:
    return ", ".join(sorted({each.instance.image_name or each.instance.image for each in running}))


def _named(image: MachineImageState) -> str:
    return image.name or image.id


def _evidence(running: Iterable[Running]) -> tuple[str, ...]:
    return tuple(
        f"{each.instance.id} runs {each.instance.image}"
        + (f" ({each.instance.image_name})" if each.instance.image_name else "")
        for each in running
    )
