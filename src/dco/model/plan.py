"""A plan: an ordered list of steps, each with its undo, compiled before anything starts."""

from enum import StrEnum
from typing import Any

import msgspec

from dco.model.canonical import fingerprint
from dco.model.change import Change


class Risk(StrEnum):
    """How much a plan could harm; `order` tells which is greater."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def order(self) -> int:
        """0 for the least."""
        return list(Risk).index(self)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an operation does.

    `operation` names the operation (`service.roll`), `target` what it works on (`api`), `arguments` are plain JSON.
    `reason` says why, `undo` how it is taken back, both as sentences. A step without an undo is the point of no return.
    """

    operation: str
    target: str
    reason: str
    undo: str | None
    risk: Risk = Risk.LOW
    arguments: dict[str, Any] = {}
    """What the step means; `image.build` and `service.roll` name content or digests, `stack.apply` the plan's `meaning`
    and `addresses`."""
    revision: str = ""
    """The commit that the step deploys. Not part of the plan's digest: the arguments name the content."""
    released: str | None = None
    """The commit that undo goes back to."""

    @property
    def name(self) -> str:
        """The step's name within its plan: `operation target`."""
        return f"{self.operation} {self.target}"

    @property
    def goal(self) -> str:
        """A fingerprint of what the step would bring about, in whichever plan it stands."""
        return fingerprint((self.operation, self.target, self.arguments))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a night will do, why, how it is undone, and whether it may."""

    environment: str
    base: str
    """Fingerprint of the release record that the plan starts from."""
    revision: str
    """The git commit that is deployed."""
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    refusals: tuple[str, ...] = ()
    """Why the plan must not be carried out, each with the way out; empty for a plan that may."""

    @property
    def risk(self) -> Risk:
        """The greatest risk of any step."""
        return max((step.risk for step in self.steps), key=lambda risk: risk.order, default=Risk.LOW)

    @property
    def digest(self) -> str:
        """A fingerprint of what the plan means: equal plans at other times or with other wording are the same."""
        steps = [(step.operation, step.target, step.arguments, step.undo is None) for step in self.steps]
        return fingerprint((self.environment, self.base, steps, self.refusals))

    @property
    def goal(self) -> str:
        """A fingerprint of what the plan would bring about; what quarantine keeps out."""
        return fingerprint((self.environment, [(s.operation, s.target, s.arguments) for s in self.steps]))
