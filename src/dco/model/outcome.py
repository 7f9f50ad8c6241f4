"""How a night ended: the verdict, its exit code, and what serves now."""

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """The verdict of a night; it says what serves now."""

    QUIET = "quiet"
    OBSERVED = "observed"
    DEPLOYED = "deployed"
    OFFERING_FAILED = "offering-failed"
    REFUSED = "refused"
    ROLLED_BACK = "rolled-back"
    PERSON_NEEDED = "person-needed"
    MISCONFIGURED = "misconfigured"
    BROKEN = "broken"

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Outcome.QUIET: 0,
    Outcome.OBSERVED: 0,
    Outcome.DEPLOYED: 0,
    Outcome.BROKEN: 1,
    Outcome.MISCONFIGURED: 2,
    Outcome.OFFERING_FAILED: 3,
    Outcome.REFUSED: 4,
    Outcome.ROLLED_BACK: 5,
    Outcome.PERSON_NEEDED: 6,
}


class StepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one step."""

    name: str
    state: str
    """`done`, `undone` or `failed`."""
    seconds: float
    detail: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A night's end: what a person reads in the morning."""

    night: str
    environment: str
    outcome: Outcome
    sentence: str
    remedy: str = ""
    began: str
    ended: str
    revision: str = ""
    offering: str = ""
    plan_digest: str = ""
    changes: tuple[str, ...] = ()
    """Each change or unread component, as a sentence."""
    steps: tuple[StepRecord, ...] = ()
    serves: dict[str, str] = {}
    """Application → image digest that answers through the load balancer, read back at the end."""
    databases: dict[str, str] = {}
    """Database → the machine image that it should run; the redeploy that follows such a night brings it about."""
    redeploy: "Report | None" = None
    """How the redeploy that followed has ended; kept under an id of its own."""

    @property
    def exit_code(self) -> int:
        """What the process ends with: the redeploy's code where the night itself ended well."""
        followed = self.redeploy.exit_code if self.redeploy else 0
        return self.outcome.exit_code or followed
