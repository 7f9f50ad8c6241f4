"""`service.roll`: puts an image into an application's task families and rolls its services, one after the other."""

from dataclasses import dataclass
from typing import Any

from dco.model.environment import Application, Environment, Service
from dco.model.errors import StepFailed
from dco.model.finding import bad
from dco.model.plan import Step
from dco.operations.operation import Facts
from dco.operations.rollout import await_rollout
from dco.seams.outside import Outside


@dataclass(frozen=True)
class ServiceRoll:
    """Registers a revision by digest for every family, sets the slot, rolls the services and waits for the truth."""

    environment: Environment
    outside: Outside
    name: str = "service.roll"

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Pre-flight every family with the new image; remember slot and revisions that serve now."""
        application = self._application(step)
        image = _image(step, done)
        bases = {family: self.outside.services.newest(family) for family in _families(application)}
        for base in bases.values():
            if failed := bad(self.outside.services.preflight(base, image)):
                raise StepFailed(
                    f"{base.rpartition('/')[2]} can't start with the new image: "
                    + "; ".join(f"{f.what}: {f.detail}" for f in failed),
                    failed[0].remedy,
                )
        serving = {key: self._serving(service) for key, service in application.services.items()}
        slot = self.outside.parameters.get(application.image_parameter)
        return {"image": image, "bases": bases, "serving": serving, "slot": slot}

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Register a revision for every family and set the slot; the services are begun one by one in `complete`."""
        application = self._application(step)
        revisions = {
            family: self.outside.services.register(base, before["image"], f"{token}/{family}")
            for family, base in before["bases"].items()
        }
        self.outside.parameters.put(application.image_parameter, before["image"])
        return {"revisions": revisions}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Roll each service and wait until it runs the new revision and nothing else."""
        application = self._application(step)
        for service in application.services.values():
            revision = begun["revisions"][service.family]
            self.outside.services.roll(service.cluster, service.name, revision, singleton=service.singleton)
            await_rollout(self.outside, service, revision)
        return {"image": before["image"], "revisions": begun["revisions"]}

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Set the slot back, roll every service to the revision it ran, then take the new revisions out of use.

        A revision that somebody deregistered meanwhile can't be rolled to: one that says the same takes its place.
        """
        application = self._application(step)
        if before["slot"] is not None:
            self.outside.parameters.put(application.image_parameter, before["slot"])
        for key, service in application.services.items():
            self._roll_back(service, self._standing(before["serving"][key], token))
        for family, base in before["bases"].items():
            ours = self.outside.services.registered(family, f"{token}/{family}")
            if ours is not None and ours != self._standing(base, token):
                self.outside.services.deregister(ours)

    def _serving(self, service: Service) -> str:
        state = self.outside.services.rollout(service.cluster, service.name, service.container)
        if service.singleton and state.wanted > 1:
            raise StepFailed(
                f"{service.name} is a singleton, and {state.wanted} tasks of it are wanted",
                "set its desired count to 1, or singleton = false",
            )
        return state.revision

    def _standing(self, revision: str, token: str) -> str:
        return self.outside.services.standing(revision, f"{token}/{revision.rpartition('/')[2]}/again")

    def _roll_back(self, service: Service, revision: str) -> None:
        self.outside.services.roll(service.cluster, service.name, revision, singleton=service.singleton)
        await_rollout(self.outside, service, revision)

    def _application(self, step: Step) -> Application:
        return self.environment.applications[step.target]


def _image(step: Step, done: Facts) -> str:
    if "image" in step.arguments:
        return str(step.arguments["image"])
    return str(done[step.arguments["image_from"]]["image"])


def _families(application: Application) -> list[str]:
    return sorted({*application.families, *(service.family for service in application.services.values())})
