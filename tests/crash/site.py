"""The world that the crash tests share: releases to deploy, nights that are killed and started again, and a look."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
from tests.crash.ends import End, plain, shape

from dco.model.release import Release
from dco.record import journal, releases
from dco.seams.outside import Outside
from dco.settings import read
from dco.wiring.connect import outside
from dco_sandbox import access, release, repository
from dco_sandbox.world import World

KILLABLE = Path(__file__).with_name("killable.py")
MARK = "DCO_CRASH_TEST"
"""Inherited by everything that a night starts, so that what it left behind is found."""
FAMILIES = ("credcoin-production-api", "credcoin-production-offering")
CLUSTER = "credcoin-production"
_MOST_STARTS, _NIGHT_SECONDS = 2000, 240.0


class Inbox:
    """Takes the webhook's messages and counts their subjects."""

    def __init__(self, address: str) -> None:
        self.subjects: list[str] = []
        inbox = self

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                inbox.subjects.append(body["subject"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *_: Any) -> None:  # noqa: A002  # http.server's name
                del format

        self.server = ThreadingHTTPServer((address, 0), Taker)
        self.url = f"http://{address}:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@dataclass
class Told:
    """How a night went: every start's exit code, what the last one printed, and the boundaries it passed."""

    codes: list[int]
    printed: str
    passed: list[str]
    killed: list[str]

    @property
    def code(self) -> int:
        return self.codes[-1]


@dataclass
class Site:
    """A world, and what the tests do in it."""

    world: World
    place: Path
    inbox: Inbox
    number: int = 0
    ends: dict[str, End] = field(default_factory=dict[str, End])
    """Ends of undisturbed nights, by what they deployed."""

    @property
    def own(self) -> Path:
        """Where the engine keeps its file."""
        return self.world.directory / "dco"

    def outside(self) -> Outside:
        environment = read(self.world.repo).needed()
        return outside(self.world.repo, environment)

    def client(self, name: Any) -> Any:
        return access.founder(self.world).client(name, endpoint_url=self.world.endpoint)

    def environment(self, profile: str | None = None) -> dict[str, str]:
        values = {**access.environment(self.world), MARK: str(self.world.directory)}
        values.pop("AWS_PROFILE")
        return values | ({"AWS_PROFILE": profile} if profile else {})

    def dco(self, *arguments: str, profile: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dco", *arguments],
            cwd=self.world.repo,
            env=self.environment(profile),
            capture_output=True,
            text=True,
            timeout=_NIGHT_SECONDS,
            check=False,
        )

    @contextmanager
    def change(self, *kinds: str, policy: str = "never-ask") -> Generator[None]:
        """Commit releases of these kinds with an API version of their own; afterwards bad ones are taken away again."""
        bad = [kind for kind in kinds if kind not in {"good", "stack", "docs"}]
        before = repository.git(self.world.repo, "rev-parse", "HEAD").strip()
        self.number += 1
        for kind in kinds:
            release.KINDS[kind].edit(self.world.repo)
        if {*kinds} - {"stack", "docs"}:
            file = self.world.repo / "app" / "__init__.py"
            file.write_text(re.sub(r'VERSION = "[^"]*"', f'VERSION = "2.{self.number}.0"', file.read_text()))
        self._set_policy(policy)
        repository.commit(self.world.repo, " ".join(kinds))
        try:
            yield
        finally:
            if bad:
                repository.git(self.world.repo, "reset", "--quiet", "--hard", before)

    def _set_policy(self, automatic_below: str) -> None:
        file = self.world.repo / "dco.toml"
        text = re.sub(r'automatic_below = "[^"]*"', f'automatic_below = "{automatic_below}"', file.read_text())
        file.write_text(text)

    def start(self, die_at: Sequence[str] = (), limits: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
        """Start `dco run`, which kills itself at boundaries that match."""
        self.place.mkdir(exist_ok=True)
        (self.place / "told").write_text(json.dumps(list(die_at)))
        with (self.place / "printed").open("wb") as out:
            return subprocess.Popen(
                [sys.executable, str(KILLABLE), str(self.world.repo), str(self.place)],
                env=self.environment(),
                stdout=out,
                stderr=subprocess.STDOUT,
                preexec_fn=limits,  # noqa: PLW1509  # the tests start it from one thread
            )

    def night(self, die_at: Sequence[str] = (), *, when_killed: Callable[[], None] = lambda: None) -> Told:
        """Run a night to its end, started again whenever it was killed."""
        self.night_files()
        return self.go_on(die_at, [], when_killed)

    def night_files(self) -> None:
        """Forget what the night before passed."""
        for name in ("passed", "killed"):
            (self.place / name).unlink(missing_ok=True)

    def passed(self) -> list[str]:
        """Return the boundaries that the present night has passed."""
        return self._lines("passed")

    def go_on(self, die_at: Sequence[str], codes: list[int], when_killed: Callable[[], None] = lambda: None) -> Told:
        """Start `dco run` until it is not killed any more."""
        for _ in range(_MOST_STARTS):
            codes.append(self.start(die_at).wait(_NIGHT_SECONDS))
            if codes[-1] != -signal.SIGKILL:
                break
            when_killed()
        return Told(codes, (self.place / "printed").read_text(), self._lines("passed"), self._lines("killed"))

    def _lines(self, name: str) -> list[str]:
        file = self.place / name
        return file.read_text().splitlines() if file.exists() else []

    def counts(self) -> dict[str, int]:
        """Count what must have happened once: grows by what a night did."""
        ecs, ecr = self.client("ecs"), self.client("ecr")
        revisions = {
            family: ecs.list_task_definitions(familyPrefix=family, status="ACTIVE")["taskDefinitionArns"]
            for family in FAMILIES
        }
        found = {f"revisions of {family}": len(arns) for family, arns in revisions.items()}
        tasks = {
            arn
            for state in ("RUNNING", "STOPPED")
            for arn in ecs.list_tasks(cluster=CLUSTER, family=FAMILIES[1], desiredStatus=state)["taskArns"]
        }
        deployments = ecs.list_service_deployments(cluster=CLUSTER, service="api")["serviceDeployments"]
        return found | {
            "offerings": len(tasks),
            "deployments": len(deployments),
            "images": len(ecr.describe_images(repositoryName="credcoin")["imageDetails"]),
            "releases": len(releases.nights(self.outside().objects)),
        }

    def left_behind(self) -> list[str]:
        """Return what should not be there once a night has ended: locks, pointers, processes, files."""
        objects = self.outside().objects
        found = [key for key in ("lock.json", "waiting.json") if objects.get(key) is not None]
        state = self.client("s3").list_objects_v2(Bucket="credcoin-production-state").get("Contents", [])
        found += [item["Key"] for item in state if item["Key"].endswith(".tflock")]
        found += [f"process {' '.join(process.cmdline())}" for process in self.processes()]
        found += [str(file.relative_to(self.own)) for file in self.own.rglob("*.tfplan")]
        found += [str(file.relative_to(self.own)) for file in (self.own / "exports").glob("*")]
        if (self.own / "unfinished").exists():
            found.append("unfinished")
        return found

    def processes(self) -> list[psutil.Process]:
        """Return everything that nights started and that still runs."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get(MARK) == str(self.world.directory)
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def end(self, told: Told, before: dict[str, int], heard: int) -> End:
        """Look at what a night left."""
        there = self.outside()
        after = self.counts()
        entries = list(journal.entries(there.objects))
        night = entries[-1].night
        verified = journal.verify(there.objects)
        current = releases.read(there.objects)
        assert current is not None
        left = self.left_behind() + [f.detail for f in verified if f.mark != "OK"] + self._disagreements(there, current)
        return End(
            code=told.code,
            story=[(entry.kind, plain(entry.sentence)) for entry in entries if entry.night == night],
            effects={name: after[name] - before[name] for name in after},
            notices=Counter(plain(subject) for subject in self.inbox.subjects[heard:]),
            serves="the new" if current.night == night else "the old",
            record=shape(current, entries[-1].night),
            left=left,
        )

    def _disagreements(self, there: Outside, current: Release) -> list[str]:
        """Compare release record, slot, service, load balancer and Terraform: they must all tell the same."""
        wanted = current.applications["api"].image
        slot = there.parameters.get("/credcoin/production/api/image")
        rollout = there.services.rollout(CLUSTER, "api")
        answer = json.loads(there.web.ask(f"{repository.service_url(self.world)}/version").body)
        told = {
            "slot": slot,
            "service's revision": there.services.image_of(rollout.revision),
            "load balancer": f"{wanted.partition('@')[0]}@{answer['image']}",
        }
        found = [f"{name} says {value}, released is {wanted}" for name, value in told.items() if value != wanted]
        if current.applications["api"].task_definitions.get(FAMILIES[0]) != rollout.revision:
            found.append(f"the record says {current.applications['api'].task_definitions}, {rollout.revision} runs")
        if not rollout.settled or len(rollout.images) != 1:
            found.append(f"the service is not settled: {rollout}")
        return found

    def quiet(self) -> list[str]:
        """Return what a new look finds changed or can't read, Terraform's plan included."""
        seen = json.loads(self.dco("detect", "--json").stdout)
        return [f"{c['component']}: {c['reason']}" for c in seen["changes"] if c["status"] != "unchanged"]

    def play(
        self, kinds: Sequence[str], die_at: Sequence[str] = (), *, when_killed: Callable[[], None] = lambda: None
    ) -> tuple[Told, End]:
        """Deploy a change in a night that is killed where it is told; return how it went and what it left."""
        before, heard = self.counts(), len(self.inbox.subjects)
        with self.change(*kinds):
            told = self.night(die_at, when_killed=when_killed)
            end = self.end(told, before, heard)
            if end.serves == "the new":
                end.left += self.quiet()
        if end.serves == "the old":
            end.left += self.quiet()
        return told, end

    def undisturbed(self, *kinds: str) -> End:
        """Return the end of a night that nobody killed; played once."""
        name = " ".join(kinds)
        if name not in self.ends:
            told, self.ends[name] = self.play(kinds)
            (self.place / f"boundaries of {name}").write_text("\n".join(told.passed))
        return self.ends[name]

    def boundaries(self, *kinds: str) -> list[str]:
        """Return the boundaries that the undisturbed night passed."""
        self.undisturbed(*kinds)
        return (self.place / f"boundaries of {' '.join(kinds)}").read_text().splitlines()


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Return once a condition holds; fail past the time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def kill(process: psutil.Process) -> None:
    """End a process at once; one that is gone is fine."""
    try:
        os.kill(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
