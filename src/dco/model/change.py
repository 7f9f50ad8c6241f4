"""A change: something found to differ from what was last released, with its evidence."""

from enum import StrEnum

import msgspec

from dco.model.canonical import canonical, fingerprint


class Status(StrEnum):
    """What a source found; `unknown` and `error` are never shown or treated as `unchanged`."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"
    ERROR = "error"


class Action(StrEnum):
    """What a change asks for."""

    NONE = "none"
    REDEPLOY = "redeploy"
    APPROVE = "approve"
    BLOCK = "block"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one source found about one component.

    `component` is `KIND:NAME` (`application:api`, `stack:main`, `workflow:deploy.yml`, `drift:service/api`).
    `current` is what was released, `available` what is there now, each short enough for a table's cell.
    `reason` is a sentence, `evidence` what proves it (paths, addresses, digests), `checked_at` ISO 8601 in UTC.
    """

    source: str
    component: str
    status: Status
    reason: str
    action: Action = Action.NONE
    current: str | None = None
    available: str | None = None
    evidence: tuple[str, ...] = ()
    checked_at: str = ""
    put_off: str = ""
    """Why policy lets it wait; what is put off stays as it is in the release record."""

    @property
    def name(self) -> str:
        """The component's name without its kind."""
        return self.component.partition(":")[2]


class ChangeSet(msgspec.Struct, frozen=True):
    """All that the sources found between the last release and now."""

    changes: tuple[Change, ...] = ()

    def to_do(self) -> tuple[Change, ...]:
        """The changes that ask for something to be done or decided."""
        return tuple(change for change in self.changes if change.action is not Action.NONE)

    def unread(self) -> tuple[Change, ...]:
        """The components nothing can be said about."""
        return tuple(c for c in self.changes if c.status in (Status.UNKNOWN, Status.ERROR))

    def decision(self) -> Action:
        """The gravest action that a change asks for; what could not be read asks for a person, never for nothing."""
        asked = [change.action for change in self.changes] + [Action.APPROVE for _ in self.unread()]
        return max(asked, key=list(Action).index, default=Action.NONE)

    @property
    def fingerprint(self) -> str:
        """One fingerprint of what was found, whenever and in whatever order: the same as long as nothing new is."""
        found = [msgspec.structs.replace(c, checked_at="", reason="", evidence=()) for c in self.changes]
        return fingerprint(sorted(canonical(change) for change in found))

    def quiet(self) -> bool:
        """True only when every source answered and none asks for anything."""
        return not self.to_do() and not self.unread()
