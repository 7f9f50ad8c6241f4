"""`stack.apply`: applies exactly the Terraform plan that was approved."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dco.model.environment import Environment
from dco.model.errors import Refused, StepFailed
from dco.model.plan import Step
from dco.operations.operation import Facts
from dco.seams.outside import Outside
from dco.seams.stacks import StackPlan


@dataclass(frozen=True)
class StackApply:
    """Goes back by planning and applying the last released revision with its recorded inputs and today's slots."""

    environment: Environment
    outside: Outside
    name: str = "stack.apply"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Plan again: it must mean what was approved. Remember the state's serial."""
        del done
        plan = self._plan(step, step.revision, "forward")
        if plan.changed and plan.meaning != step.arguments["meaning"]:
            raise Refused(
                f"the plan of stack {step.target} is not the one that was approved: the world moved in between",
                "the next night plans it anew; or start one with `dco run`",
            )
        return {"serial": plan.serial, "released": step.released, "changed": plan.changed}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Apply the saved plan; after an interruption, what is left of it, and only that."""
        del token
        stack = self.environment.stacks[step.target]
        root, file = self._places(step, "forward")
        if self.outside.stacks.serial(stack, root) != before["serial"]:
            self._continue(step, before)
        elif before["changed"]:
            self.outside.stacks.apply(stack, root, file)
        return {}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Plan once more: there must be nothing left to do."""
        del before, begun
        plan = self._plan(step, step.revision, "proof")
        if plan.changed:
            left = ", ".join(change["address"] for change in plan.resource_changes)
            raise StepFailed(
                f"stack {step.target} was applied, yet Terraform would still change {left}",
                "two owners of one attribute? look at these resources' plan",
            )
        self._clear(step)
        return {"data_sources": plan.data_sources}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Plan and apply the released revision, then plan again until nothing is left to do."""
        del token
        revision = before["released"]
        if revision is None:
            raise StepFailed(f"stack {step.target} was never released: there is nothing to go back to")
        plan = self._plan(step, str(revision), "back")
        if plan.changed:
            root, file = self._places(step, "back")
            self.outside.stacks.apply(self.environment.stacks[step.target], root, file)
            plan = self._plan(step, str(revision), "back")
        if plan.changed:
            left = ", ".join(change["address"] for change in plan.resource_changes)
            raise StepFailed(f"stack {step.target} did not go back: {left} still differ from {revision[:12]}")
        self._clear(step)

    def _clear(self, step: Step) -> None:
        """Leave no plan file behind: each holds the state's secrets."""
        for purpose in ("forward", "proof", "back"):
            shutil.rmtree(self._places(step, purpose)[0].parent, ignore_errors=True)

    def _continue(self, step: Step, before: Facts) -> None:
        """Somebody applied since `check`: if that was us, interrupted, only a rest of the approved is left to do."""
        plan = self._plan(step, step.revision, "forward")
        approved = set(step.arguments["addresses"])
        strangers = [change["address"] for change in plan.resource_changes if change["address"] not in approved]
        if strangers:
            raise Refused(
                f"the state of stack {step.target} moved on from serial {before['serial']}, and {strangers} "
                "would be changed without approval",
                "the next night plans it anew",
            )
        if plan.changed:
            root, file = self._places(step, "forward")
            self.outside.stacks.apply(self.environment.stacks[step.target], root, file)

    def _plan(self, step: Step, revision: str, purpose: str) -> StackPlan:
        root, file = self._places(step, purpose)
        self.outside.source.export(revision, root)
        return self.outside.stacks.plan(self.environment.stacks[step.target], root, file)

    def _places(self, step: Step, purpose: str) -> tuple[Path, Path]:
        place = self.outside.directory / "stacks" / step.target / purpose
        return place / "root", place / "saved.tfplan"
