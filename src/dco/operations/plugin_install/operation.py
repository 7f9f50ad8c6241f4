"""`plugin.install`: a running database gets the plugin while it serves, or by one restart; else it serves as before."""

import shlex
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, DcoError, StepFailed, Unreadable
from dco.model.finding import bad
from dco.model.plan import Step
from dco.model.switch import NAMES
from dco.operations.neo4j_redeploy.places import Places
from dco.operations.operation import Facts
from dco.record import releases
from dco.seams.hosts import Ran
from dco.seams.outside import Outside
from dco.verify.serving import baseline, look

LOOK_SECONDS = 60
RESTART_SECONDS = 300
POLL_SECONDS = 1.0
ANSWER_SECONDS = 60
RECOVER_SECONDS = 600
"""How long services may take to be as they were before: tasks whose health asks the database are replaced meanwhile."""
_SCRIPT, _JAR = "on_host.py", "dco.jar"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """How a database's machine was found."""

    instance: str
    there: bool
    """The plugin is there, and answers to the key: there is nothing to do."""
    seconds: float | None = None
    """How long the server's last start took, by its own log."""
    hindrance: str = ""
    """Why it can't have it without a restart; empty if it can."""


@dataclass(frozen=True)
class PluginInstall:
    """Speaks with the machine through SSM; what happens there is in `on_host.py`."""

    environment: Environment
    outside: Outside
    name: str = "plugin.install"

    def find(self, name: str) -> Found:
        """Look at a database's machine, changing nothing.

        Raises `ConfigurationError` for what dco.toml or the machine lacks, each with its remedy.
        """
        instance = self._instance(name)
        if self._answers(name):
            return Found(instance=instance, there=True)
        self._jar(name)
        if not self.outside.hosts.is_online(instance):
            remedy = "let the SSM agent run there, with a role that it may use"
            raise ConfigurationError(f"no command reaches {instance}, the machine of {name}", remedy)
        token = f"{instance} {self.outside.clock.now()}"
        ran = self._run(instance, "look", name, {}, LOOK_SECONDS, token)
        if ran.code:
            raise ConfigurationError(f"{name} can't get the plugin: {_said(ran)}", "docs/redeploy.md#first-adoption")
        told = msgspec.json.decode(ran.out, type=dict[str, Any])
        return Found(instance=instance, there=False, seconds=told["seconds"], hindrance=told["hindrance"])

    def check(self, step: Step, done: Facts) -> dict[str, Any]:
        """Look at the machine."""
        del done
        return msgspec.to_builtins(self.find(step.target))

    def start(self, step: Step, before: Facts, token: str) -> dict[str, Any]:
        """Let the machine do it, and wait: a server that does not come up with the plugin is put back there."""
        if before["there"]:
            return {"told": "the plugin is there already"}
        name, instance = step.target, str(before["instance"])
        jar = {_JAR: self._jar(name).read_bytes()}
        ran = self._run(instance, _verb("install", step), name, jar, 2 * RESTART_SECONDS + LOOK_SECONDS, token)
        if ran.code:
            raise StepFailed(f"{name} did not get the plugin: {_said(ran)}", "docs/redeploy.md#first-adoption")
        return {"told": ran.out.strip()}

    def complete(self, step: Step, before: Facts, begun: Facts) -> dict[str, Any]:
        """Wait until the plugin answers to the key, and services do. Raises `StepFailed` with what was said last."""
        del before
        clock = self.outside.clock
        deadline = clock.seconds() + ANSWER_SECONDS
        while True:
            try:
                if self._answers(step.target):
                    break
                said = "it says that the plugin is not there"
            except DcoError as error:
                said = error.what
            if clock.seconds() > deadline:
                raise StepFailed(f"the plugin of {step.target} does not answer: {said}", "see neo4j.log there")
            clock.sleep(POLL_SECONDS)
        self._await_services(step.target)
        return dict(begun)

    def undo(self, step: Step, before: Facts, token: str) -> None:
        """Take it away again, by a second restart if it came by one, unless it was there before or never came."""
        if before["there"]:
            return
        verb, seconds = _verb("remove", step), RESTART_SECONDS + LOOK_SECONDS
        ran = self._run(str(before["instance"]), verb, step.target, {}, seconds, token)
        if ran.code:
            raise StepFailed(
                f"the plugin of {step.target} could not be taken away: {_said(ran)}", "see neo4j.log there"
            )
        self._await_services(step.target)

    def _await_services(self, name: str) -> None:
        """Wait until every released service is healthy again. Alarms have the watch after it to calm down."""
        clock, released = self.outside.clock, releases.read(self.outside.objects)
        known = released.applications if released else {}
        wanted = {key: one.image for key, one in known.items() if key in self.environment.applications}
        quiet = self.environment.without_alarms
        deadline = clock.seconds() + RECOVER_SECONDS
        while failed := bad(look(self.outside, quiet, wanted, baseline(self.outside, quiet))):
            if clock.seconds() > deadline:
                what = "; ".join(f"{one.what}: {one.detail}" for one in failed)
                raise StepFailed(f"{RECOVER_SECONDS} s after the restart of {name}: {what}", "see the service's events")
            clock.sleep(quiet.verify.interval_seconds)

    def _answers(self, name: str) -> bool:
        """Tell whether the plugin answers to the key. Raises `ConfigurationError` for a wrong one."""
        places = Places(self.environment, self.outside)
        server = places.server(name, places.carried(name).source)
        try:
            for part in NAMES:
                server.stand(part)
        except StepFailed:
            return False
        return True

    def _instance(self, name: str) -> str:
        database = Places(self.environment, self.outside).database(name)
        if database.plugin_secret is None:
            raise ConfigurationError(
                f"[databases.{name}] has no plugin_secret", "name a secret with JSON of key, 64 hexadecimal digits"
            )
        found = self.outside.fleet.instances({"dco:database": name})
        if len(found) != 1:
            told = ", ".join(one.id for one in found) or "none"
            raise ConfigurationError(
                f"not exactly one machine is tagged dco:database={name}: {told}", "tag the one that serves"
            )
        return found[0].id

    def _jar(self, name: str) -> Path:
        """Return the plugin for a database's version, which lies beside the Neo4j that restores it."""
        version = Places(self.environment, self.outside).slot(name).version
        home = self.environment.backup.home(version)
        if home is None:
            raise ConfigurationError("no Neo4j is named in which the plugin lies", "[backup] neo4j = …")
        for folder in ("plugin", "plugins"):
            if (path := Path(home) / folder / _JAR).is_file():
                return path
        raise ConfigurationError(f"there is no plugin/{_JAR} in {home}", "put that of its version there")

    def _run(self, instance: str, verb: str, name: str, more: dict[str, bytes], seconds: int, token: str) -> Ran:
        """Run a verb of the script on a database's machine, and wait for its end."""
        secret = Places(self.environment, self.outside).database(name).plugin_secret or ""
        words = [*verb.split(), "--secret", secret, "--region", self.environment.aws.region]
        words += ["--seconds", str(RESTART_SECONDS)]
        jar = ' --jar "$files/dco.jar"' if more else ""
        script = f'python3 "$files/{_SCRIPT}" {shlex.join(words)}{jar}\n'
        hosts, clock, sent = self.outside.hosts, self.outside.clock, {**_script(), **more}
        try:
            command = hosts.begin(instance, script, sent, seconds, f"{token} {verb}")
            deadline = clock.seconds() + seconds + LOOK_SECONDS
            while (ran := hosts.ended(instance, command)) is None:
                if clock.seconds() > deadline:
                    raise Unreadable(f"command {command} on {instance} does not end", "see it in Systems Manager")
                clock.sleep(POLL_SECONDS)
            return ran
        finally:
            hosts.forget(sent)


def _verb(verb: str, step: Step) -> str:
    return verb if step.arguments["restart"] else f"{verb} --live"


def _script() -> dict[str, bytes]:
    return {_SCRIPT: files("dco.operations.plugin_install").joinpath(_SCRIPT).read_bytes()}


def _said(ran: Ran) -> str:
    lines = (ran.err or ran.out).strip().splitlines()
    return lines[-1] if lines else f"it ended with {ran.code}"
