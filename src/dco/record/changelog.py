"""An environment's changelog: what each night deployed, why, and who agreed; for people, the newest first."""

import msgspec

from dco.model.plan import Plan
from dco.seams.objects import Objects

KEY = "CHANGELOG.md"
_TITLE = "# Changelog of {environment}\n"
_SECTION = "\n## "


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """What one night deployed; `agreed` is the sentence that says who let it start."""

    night: str
    environment: str
    at: str
    revision: str
    changes: tuple[str, ...]
    agreed: str


def of_plan(plan: Plan, night: str, at: str, changes: tuple[str, ...], agreed: str) -> Deployed:
    """Return the entry of a plan that was carried out; where nothing was found to differ, its steps tell."""
    steps = tuple(f"{step.name}: {step.reason}" for step in plan.steps)
    return Deployed(
        night=night,
        environment=plan.environment,
        at=at,
        revision=plan.revision,
        changes=changes or steps,
        agreed=agreed,
    )


def add(objects: Objects, deployed: Deployed) -> None:
    """Put an entry on top; one that is there already stays. Its writer holds the environment's lock."""
    title = _TITLE.format(environment=deployed.environment)
    text = read(objects) or title
    if f"{_SECTION}{deployed.night} " in text:
        return
    head, section, rest = text.partition(_SECTION)
    objects.put(KEY, f"{head}{_entry(deployed)}{section}{rest}".encode())


def read(objects: Objects) -> str:
    """Return the changelog, empty before the first deployment."""
    return (objects.get(KEY) or b"").decode()


def _entry(deployed: Deployed) -> str:
    lines = [f"{deployed.night} · {deployed.revision[:12]}", ""]
    lines += [f"- {' '.join(change.split())}" for change in deployed.changes]
    lines += ["", f"Verified at {deployed.at}; {deployed.agreed}.", ""]
    return _SECTION + "\n".join(lines)
