"""`image.build`: builds an application's image from the planned revision and names it by digest."""

import shutil
from dataclasses import dataclass
from typing import Any

from dco.model.environment import Environment
from dco.model.errors import StepFailed
from dco.model.plan import Step
from dco.operations.operation import Facts
from dco.seams.outside import Outside


@dataclass(frozen=True)
class ImageBuild:
    """Nothing that serves is changed by it: an image that is not used stays in the registry."""

    environment: Environment
    outside: Outside
    name: str = "image.build"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Nothing needs to be known for the undo."""
        del step, done
        return {}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Build in an export of the revision; the builder finds an earlier build of the same token again."""
        del before
        application = self.environment.applications[step.target]
        root = self.outside.directory / "exports" / token.replace("/", "-")
        self.outside.source.export(step.revision, root)
        image = self.outside.images.build(application, root, step.revision, token)
        shutil.rmtree(root, ignore_errors=True)
        return {"image": image}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Ask the registry whether it has the image."""
        del before
        image = str(begun["image"])
        if not self.outside.images.exists(image):
            raise StepFailed(
                f"the build of {step.target} named {image}, which the registry does not have",
                "look at the builder's push",
            )
        return {"image": image}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Leave the image unused; the registry's lifecycle rules remove it."""
