"""The stage on which nights are played: one whole world, `dco` as a person types it, and what the world says after."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.real.nights.toml_text import toml

from dco_sandbox import access, cache, founding, release, repository
from dco_sandbox.world import World

SANDBOX = (sys.executable, "-m", "dco_sandbox")
BUCKET = "credcoin-production-dco"
CLUSTER = "credcoin-production"
SLOT = "/credcoin/production/api/image"
FAMILIES = ("credcoin-production-api", "credcoin-production-offering")
NIGHT_SECONDS = 240.0
QUICK: dict[str, Any] = {"offering": {"kind": "command", "command": ["true"], "time_limit_seconds": 60}}
"""An offering that ends at once, for nights of which it is not the point."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)


class Running:
    """A `dco` process in the background; its screen goes to a file, as a pipe that nobody reads would stop it."""

    def __init__(self, process: subprocess.Popen[str], out: Path, err: Path) -> None:
        self.process, self._out, self._err = process, out, err

    @property
    def screen(self) -> str:
        return self._err.read_text()

    def out_text(self) -> str:
        return self._out.read_text()

    def end(self, seconds: float = NIGHT_SECONDS) -> Done:
        code = self.process.wait(seconds)
        return Done(code, self._out.read_text(), self._err.read_text())

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def await_screen(self, text: str, seconds: float = 180) -> None:
        await_that(lambda: text in self.screen or self.process.poll() is not None, text, seconds)
        assert text in self.screen, self.screen


@dataclass(frozen=True)
class Serving:
    """All that a night may have changed, as the world tells it; two are equal when all is as before."""

    digest: str
    slot: str
    service: str
    newest: tuple[str, ...]
    state: int
    """The serial of Terraform's state."""


@dataclass
class Stage:
    """A world, and the commands in it."""

    world: World
    scratch: Path
    plain: dict[str, Any]
    """The configuration as `up` made it."""
    clients: dict[str, Any] = field(default_factory=dict[str, Any])
    started: list[Running] = field(default_factory=list[Running])

    def dco(self, *arguments: str, person: str = "runner", seconds: float = NIGHT_SECONDS) -> Done:
        return self.begin(*arguments, person=person).end(seconds)

    def run(self) -> tuple[int, dict[str, Any]]:
        """Run a night; return its exit code and report."""
        done = self.dco("run", "--json")
        assert done.out, done.err
        return done.code, done.said

    def begin(self, *arguments: str, person: str = "runner") -> Running:
        number = len(self.started)
        out, err = self.scratch / f"{number}.out", self.scratch / f"{number}.err"
        with out.open("w") as stdout, err.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "dco", *arguments],
                cwd=self.world.repo,
                env=access.environment(self.world, person),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                text=True,
            )
        self.started.append(Running(process, out, err))
        return self.started[-1]

    def sandbox(self, *arguments: str) -> Done:
        name, *rest = arguments
        command = [*SANDBOX, name, str(self.world.directory), *rest]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def fault(self, kind: str, call: str, **options: Any) -> None:
        """Put a fault in force, as `dco-sandbox break` does."""
        service, _, action = call.partition(":")
        access.control(self.world, "POST", "faults", {"kind": kind, "service": service, "action": action, **options})

    def struck(self) -> dict[str, int]:
        """Return how often each rule that is still in force was met."""
        return {rule["says"]: rule["met"] for rule in access.control(self.world, "GET", "faults")}

    def release(self, kind: str) -> str:
        return release.commit_release(self.world, kind)

    def configure(self, *changes: Mapping[str, Any]) -> None:
        """Commit a dco.toml that differs from the first one in some sections; a key with None is left out."""
        made = {name: dict(value) if isinstance(value, dict) else value for name, value in self.plain.items()}
        for change in changes:
            for name, value in change.items():
                # an offering of another kind shares no key with the first
                whole = name == "offering" or not isinstance(value, dict)
                made[name] = value if whole else {**made.get(name, {}), **value}
        self.commit({"dco.toml": toml(made)}, "Configure a night")

    def commit(self, files: Mapping[str, str], message: str) -> None:
        changed = {name: text for name, text in files.items() if _text(self.world.repo / name) != text}
        for name, text in changed.items():
            (self.world.repo / name).write_text(text)
        if changed:
            repository.commit(self.world.repo, message)

    def back_to_released(self) -> None:
        """Commit the files of the released revision again, as somebody does who takes bad ones back."""
        released = json.loads(self.object("release.json") or b"{}").get("revision")
        if released is None:
            return
        repository.git(self.world.repo, "checkout", "--quiet", released, "--", ".", ":!dco.toml")
        if repository.git(self.world.repo, "status", "--porcelain"):
            repository.commit(self.world.repo, "Back to what is released")

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = founding.client(self.world, service)
        return self.clients[service]

    def serving(self) -> Serving:
        ecs = self.client("ecs")
        state = self.client("s3").get_object(Bucket=founding.STATE_BUCKET, Key="infra/terraform.tfstate")
        return Serving(
            digest=self.version()["image"],
            slot=self.slot(),
            service=self.service()["taskDefinition"],
            newest=tuple(
                ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]["taskDefinitionArn"]
                for family in FAMILIES
            ),
            state=json.load(state["Body"])["serial"],
        )

    def version(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{repository.service_url(self.world)}/version", timeout=10) as answer:  # noqa: S310 - http by construction
            return json.load(answer)

    def slot(self) -> str:
        return self.client("ssm").get_parameter(Name=SLOT)["Parameter"]["Value"]

    def service(self) -> dict[str, Any]:
        return self.client("ecs").describe_services(cluster=CLUSTER, services=["api"])["services"][0]

    def object(self, key: str) -> bytes | None:
        try:
            return self.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except self.client("s3").exceptions.NoSuchKey:
            return None

    def keys(self, prefix: str) -> list[str]:
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def journal(self, night: str) -> list[dict[str, Any]]:
        done = self.dco("journal", "--night", night, "--last", "500", "--json")
        assert done.code == 0, done.err
        return done.said

    def sentences(self, night: str, kind: str) -> str:
        """Return all that a night's journal says under a kind, a line each."""
        return "\n".join(entry["sentence"] for entry in self.journal(night) if entry["kind"] == kind)

    def waits(self, seconds: float = 180) -> str:
        """Return the night that waits for approval once one does."""
        found: list[str] = []

        def one_waits() -> bool:
            body = self.object("waiting.json")
            found.extend([json.loads(body)["night"]] if body else [])
            return bool(found)

        await_that(one_waits, "a night waits for approval", seconds)
        return found[0]

    def plan_changes(self) -> int:
        """Plan the stack of HEAD in a clean copy; 0 when Terraform would change nothing, 2 when it would."""
        copy = self.scratch / "plan"
        repository.git(self.world.repo, "worktree", "add", "--force", "--detach", "--quiet", str(copy))
        files = [f"-var-file={name}" for name in ("production.tfvars", "sandbox.tfvars")]
        self._terraform(copy, "init", "-input=false", "-backend-config=production.s3.tfbackend")
        done = self._terraform(copy, "plan", "-input=false", "-lock=false", "-detailed-exitcode", *files)
        assert done.returncode in {0, 2}, done.stdout + done.stderr
        return done.returncode

    def _terraform(self, copy: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(cache.terraform()), *arguments],
            cwd=copy / "infra",
            env=access.environment(self.world),
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self, since: float) -> list[dict[str, Any]]:
        """Return the calls that the endpoint has answered since a time."""
        lines = (self.world.sandbox / "calls.jsonl").read_text().splitlines()
        return [call for call in map(json.loads, lines) if call["time"] >= since]

    @contextlib.contextmanager
    def traffic(self) -> Generator[dict[str, Any]]:
        """Send reads and writes meanwhile; the report, with the proof of every write, is filled in at the end."""
        command = [*SANDBOX, "traffic", str(self.world.directory), "--prove", "--seconds", "600"]
        with (self.scratch / "traffic.json").open("w+") as out:
            process = subprocess.Popen([*command, "--json"], stdout=out, stderr=subprocess.STDOUT)
            report: dict[str, Any] = {}
            try:
                time.sleep(1)
                yield report
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)
            out.seek(0)
            report.update(json.load(out))

    def clean(self) -> None:
        """End what a test left: processes, faults, freezes, quarantine, votes and a night that has not ended."""
        for running in self.started:
            running.kill()
        self.started.clear()
        access.control(self.world, "DELETE", "faults")
        for prefix in ("freezes/", "quarantine/", "waiting.json", "lock.json"):
            for key in self.keys(prefix):
                self.client("s3").delete_object(Bucket=BUCKET, Key=key)
        shutil.rmtree(self.world.directory / "dco", ignore_errors=True)
        self.configure()
        self.back_to_released()


def open_stage(world: World, scratch: Path) -> Stage:
    first = repository.git(world.repo, "rev-list", "--max-parents=0", "HEAD").strip()
    return Stage(world, scratch, tomllib.loads(repository.git(world.repo, "show", f"{first}:dco.toml")))


def await_that(truth: Callable[[], bool], what: str, seconds: float) -> None:
    end = time.monotonic() + 2 * seconds  # that long on a machine of its own; here others work, too
    while not truth():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
