"""What every stage of one night is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dco.flow.steps import Steps
from dco.model.environment import Environment
from dco.model.plan import Plan
from dco.operations.operation import Operation
from dco.record import nights
from dco.seams.journal import Journal
from dco.seams.outside import Outside


@dataclass(frozen=True)
class Tonight:
    """One night of one environment: its id, and what it works with. Stages take it and return values."""

    key: str
    environment: Environment
    outside: Outside
    journal: Journal
    steps: Steps
    operations: Mapping[str, Operation]

    def keep(self, plan: Plan) -> None:
        """Keep the plan that is to be carried out, under the night's id."""

        def put() -> bool:
            nights.put_plan(self.outside.objects, self.key, plan)
            return True

        self.steps.run("keep the plan", bool, put)

    def say(self, kind: str, sentence: str, facts: dict[str, Any] | None = None) -> None:
        """Write a decision to the journal, once; the sentence is what a screen shows as well."""

        def write() -> bool:
            self.journal.write(self.key, kind, sentence, f"{kind}: {sentence}", facts)
            return True

        self.steps.run(f"say {kind}", bool, write)
