"""Compiles the first step of a database's adoption: it gets the plugin."""

from collections.abc import Mapping

from dco.model.plan import Plan, Risk, Step
from dco.model.release import Release

INSTALL = "plugin.install"


def install(environment: str, released: Release, last_starts: Mapping[str, float | None], *, restart: bool) -> Plan:
    """Return the plan that gives databases the plugin, one after the other; a value is how long its last start took."""
    undo = "a second restart takes it away" if restart else "its next start is without it; until then it does nothing"
    steps = tuple(
        Step(
            operation=INSTALL,
            target=name,
            reason=pause(name, seconds) if restart else f"{name} gets it while it serves, and nobody waits",
            undo=undo,
            arguments={"restart": restart},
            risk=Risk.MEDIUM,
            revision=released.revision,
            released=released.revision,
        )
        for name, seconds in sorted(last_starts.items())
    )
    return Plan(environment=environment, base=released.fingerprint, revision=released.revision, changes=(), steps=steps)


def pause(name: str, seconds: float | None) -> str:
    """Tell for how long a database can't be used."""
    told = "its log does not tell how long a start takes" if seconds is None else f"its last start took {seconds:.0f} s"
    return f"{name} is restarted, and nobody reads or writes it meanwhile: {told}"
