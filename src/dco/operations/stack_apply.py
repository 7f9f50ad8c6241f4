"""`stack.apply`: applies exactly the Terraform plan that was approved."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from dco.model.environment import Environment, Stack
from dco.model.errors import Refused, StepFailed
from dco.model.plan import Step
from dco.operations.operation import Facts
from dco.record import releases
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
        plan = self._plan(step, step.revision, self._wanted(step), "forward")
        if plan.changed and plan.meaning != step.arguments["meaning"]:
            raise Refused(
                f"the plan of stack {step.target} is not the one that was approved: the world moved in between",
                "the next night plans it anew; by day, `dco run --skip-offering` does",
            )
        return {
            "serial": plan.serial,
            "released": step.released,
            "changed": plan.changed,
            "given": msgspec.to_builtins(self._released(step)),
        }

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Apply the saved plan; after an interruption, what is left of it, and only that."""
        del token
        stack = self._wanted(step)
        root, file = self._places(step, "forward")
        if self.outside.stacks.serial(stack, root) != before["serial"]:
            self._continue(step, before)
        elif before["changed"]:
            self.outside.stacks.apply(stack, root, file)
        return {}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Plan once more: there must be nothing left to do."""
        del before, begun
        plan = self._plan(step, step.revision, self._wanted(step), "proof")
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
        stack = msgspec.convert(before["given"], Stack)
        plan = self._plan(step, str(revision), stack, "back")
        if plan.changed:
            root, file = self._places(step, "back")
            self.outside.stacks.apply(stack, root, file)
            plan = self._plan(step, str(revision), stack, "back")
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
        stack = self._wanted(step)
        plan = self._plan(step, step.revision, stack, "forward")
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
            self.outside.stacks.apply(stack, root, file)

    def _wanted(self, step: Step) -> Stack:
        """The stack with the inputs that the step names, today's by default."""
        stack = self.environment.stacks[step.target]
        var_files = step.arguments.get("var_files", stack.var_files)
        variables = step.arguments.get("variables", stack.variables)
        return msgspec.structs.replace(stack, var_files=var_files, variables=variables)

    def _released(self, step: Step) -> Stack:
        """The stack with the inputs that it was released with, which undo plans with."""
        stack = self.environment.stacks[step.target]
        released = releases.read(self.outside.objects)
        known = released.stacks.get(step.target) if released else None
        return known.as_released(stack) if known else stack

    def _plan(self, step: Step, revision: str, stack: Stack, purpose: str) -> StackPlan:
        root, file = self._places(step, purpose)
        self.outside.source.export(revision, root)
        return self.outside.stacks.plan(stack, root, file)

    def _places(self, step: Step, purpose: str) -> tuple[Path, Path]:
        place = self.outside.directory / "stacks" / step.target / purpose
        return place / "root", place / "saved.tfplan"
