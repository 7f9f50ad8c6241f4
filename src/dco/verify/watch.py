"""The bake after a rollout: looking again and again for a set time."""

from collections.abc import Callable

from dco.model.environment import Environment
from dco.model.errors import StepFailed
from dco.model.finding import Finding, bad
from dco.seams.outside import Outside
from dco.verify.serving import Baseline, baseline, look


def watch(
    outside: Outside,
    environment: Environment,
    wanted: dict[str, str],
    rang: tuple[str, ...],
    heed: Callable[[], None],
) -> tuple[Finding, ...]:
    """Look until the bake is over; return the last look. Raises `StepFailed` for more bad looks than are allowed.

    The first look must be good at once: the rollout has settled before. Alarms that `rang` before the update do not
    count. `heed` is called at each look and raises when somebody wants it to end.
    """
    before = Baseline(alarms=rang, failed_tasks=baseline(outside, environment).failed_tasks)
    deadline = outside.clock.seconds() + environment.verify.bake_seconds
    failures = 0
    while True:
        heed()
        findings = look(outside, environment, wanted, before)
        failed = bad(findings)
        failures += bool(failed)
        if failures > environment.verify.failures_allowed:
            what = "; ".join(f"{finding.what}: {finding.detail}" for finding in failed)
            raise StepFailed(f"what was deployed does not hold: {what}", "it is taken back; the reason stands above")
        if outside.clock.seconds() >= deadline:
            return findings
        outside.clock.sleep(environment.verify.interval_seconds)
