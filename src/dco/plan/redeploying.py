"""Compiles a redeploy of databases into steps. A pair is one thing: all of it moves, or none."""

import re
from collections.abc import Iterable, Mapping

import msgspec

from dco.model.change import Action, Change, Status
from dco.model.environment import Environment
from dco.model.plan import Plan, Risk, Step
from dco.model.redeploy import Moved, Wanted
from dco.model.release import Release
from dco.model.slot import Slot

_VERSION = re.compile(r"(?:^|-)(\d+\.\d+\.\d+)(?=-|$)")
VERIFY, JOIN, PROVE, WARM, SWITCH, RETIRE, UPGRADE, CLEAR = (
    f"database.{verb}" for verb in ("verify", "join", "prove", "warm", "switch", "retire", "upgrade", "clear")
)  # fmt: skip


def redeploy(
    environment: str,
    released: Release,
    slots: Mapping[str, Slot],
    wanted: Mapping[str, Wanted],
    refusals: tuple[str, ...],
    by_string: Iterable[str] = (),
) -> Plan:
    """Return the plan that moves databases to servers of the wanted images; guardrails that fail are `refusals`.

    Clients of those in `by_string` have no gate: the plan tells of the longer pause.
    """
    newer = any(slots[name].version != one.version for name, one in wanted.items())
    target, arguments = " and ".join(sorted(wanted)), {"databases": msgspec.to_builtins(dict(wanted))}
    ask = Risk.HIGH if newer else Risk.MEDIUM
    steps = (
        (VERIFY, "the backup is what is left if all else fails", "nothing was changed", Risk.LOW),
        (
            JOIN,
            "a second server of each is made, copied and follows",
            "the new servers, which never served, go",
            Risk.LOW,
        ),
        (PROVE, "what follows must hold what a restore holds", "nothing was changed", Risk.LOW),
        (WARM, "the first query of each kind is slow on a new server", "nothing was changed", Risk.LOW),
        (
            SWITCH,
            _leaps(slots, wanted) + _pause(by_string),
            "clients go back to the servers that served before, which follow",
            ask,
        ),
    )
    return Plan(
        environment=environment,
        base=released.fingerprint,
        revision=released.revision,
        changes=tuple(_change(name, slots[name], one) for name, one in sorted(wanted.items())),
        steps=tuple(
            Step(
                operation=operation,
                target=target,
                reason=reason,
                undo=undo,
                risk=risk,
                arguments=arguments,
                revision=released.revision,
                released=released.revision,
            )
            for operation, reason, undo, risk in steps
        ),
        refusals=refusals,
    )


def retire(environment: str, released: Release, moved: Mapping[str, Moved], why: str) -> Plan:
    """Return the plan that ends the servers that served before, and lets newer ones write their own format.

    There is no way back from it.
    """
    left = {name: {"address": one.left} for name, one in moved.items()}
    steps = (_ending(released, left, f"{why}; volumes and backups are kept", {}),)
    newer = {name: left[name] for name, one in moved.items() if one.before.version != one.since.version}
    if newer:
        steps += (_upgrade(released, newer),)
    return _alone(environment, released, steps)


def back(environment: str, released: Release, moved: Mapping[str, Moved], why: str) -> Plan:
    """Return the plan that moves clients back to the servers that served before, and ends those that are left then."""
    target = " and ".join(sorted(moved))
    step = Step(
        operation=SWITCH,
        target=target,
        reason=why,
        undo="clients come back to the servers that serve now",
        risk=Risk.MEDIUM,
        arguments={
            "databases": {
                name: {"image": one.before.image, "version": one.before.version} for name, one in moved.items()
            },
            "servers": {name: {"serving": one.serving, "following": one.left} for name, one in moved.items()},
        },
        revision=released.revision,
        released=released.revision,
    )
    left = {name: {"address": one.serving} for name, one in moved.items()}
    leave = _ending(released, left, "clients are back; volumes and backups are kept", {"proof": f"gone back: {why}"})
    return _alone(environment, released, (step, leave))


def clear(environment: str, released: Release, names: Iterable[str]) -> Plan:
    """Return the plan that lets the volumes of retired servers go. There is no way back from it."""
    steps = tuple(
        Step(
            operation=CLEAR,
            target=name,
            reason="a person asked for it; its last snapshot stays",
            undo=None,
            risk=Risk.MEDIUM,
            revision=released.revision,
            released=released.revision,
        )
        for name in sorted(names)
    )
    return _alone(environment, released, steps)


def version_in(image: str) -> str | None:
    """Return the version of Neo4j that an image's name tells, as `neo4j-community-5.26.30-2026.11.01` tells 5.26.30."""
    found = _VERSION.search(image)
    return found[1] if found else None


def asked_for(environment: Environment, changes: Iterable[Change]) -> dict[str, str]:
    """Return database → the image that is wanted, of the databases that can be moved while they are in use."""
    return {
        change.name: change.available
        for change in changes
        if change.source == "images"
        and change.component.startswith("database:")
        and change.action is Action.REDEPLOY
        and change.available
        and change.name in environment.databases
        and environment.databases[change.name].moves
    }


def _ending(released: Release, left: Mapping[str, Mapping[str, str]], why: str, more: Mapping[str, str]) -> Step:
    return Step(
        operation=RETIRE,
        target=" and ".join(sorted(left)),
        reason=why,
        undo=None,
        risk=Risk.MEDIUM,
        arguments={"databases": dict(left), **more},
        revision=released.revision,
        released=released.revision,
    )


def _upgrade(released: Release, newer: Mapping[str, Mapping[str, str]]) -> Step:
    return Step(
        operation=UPGRADE,
        target=" and ".join(sorted(newer)),
        reason="no older server has to read any more what is written",
        undo=None,
        risk=Risk.MEDIUM,
        arguments={"databases": dict(newer)},
        revision=released.revision,
        released=released.revision,
    )


def _alone(environment: str, released: Release, steps: tuple[Step, ...]) -> Plan:
    return Plan(environment=environment, base=released.fingerprint, revision=released.revision, changes=(), steps=steps)


def _leaps(slots: Mapping[str, Slot], wanted: Mapping[str, Wanted]) -> str:
    leaps = [_leap(name, slots[name], one) for name, one in sorted(wanted.items())]
    return f"clients go on with {'; '.join(leaps)}"


def _pause(by_string: Iterable[str]) -> str:
    names = " and ".join(sorted(by_string))
    return f"; {names} can't be written until every service was rolled: no gate holds its clients" if names else ""


def _leap(name: str, slot: Slot, wanted: Wanted) -> str:
    version = slot.version if slot.version == wanted.version else f"{slot.version} → {wanted.version}"
    return f"{name} {version}, image {slot.image} → {wanted.image}"


def _change(name: str, slot: Slot, wanted: Wanted) -> Change:
    return Change(
        source="redeploy",
        component=f"database:{name}",
        status=Status.CHANGED,
        action=Action.REDEPLOY,
        reason="a redeploy was asked for",
        current=f"{slot.version} {slot.image}",
        available=f"{wanted.version} {wanted.image}",
    )
