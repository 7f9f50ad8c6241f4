"""Figures of nights in a world: how long beyond the offering, how many calls, how soon after a kill."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import sources
from measuring import Figure, figure
from process import BIN, serve_memory_mb
from tests.real.registry_site import serve

from dco_sandbox import access, down, release, up, world
from dco_sandbox.story import Story
from dco_sandbox.world import World

QUIET_RUNS = 7
RESUMES = 5
OWN_RECORDS = {("s3", "PutObject")}
"""What a quiet night writes: objects in its own bucket, counted apart."""


def figures() -> Iterator[Figure]:
    """Bring a world up several times, then measure nights in it; nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="dco-bench-") as place:
        values: list[float] = []
        directory = Path(place) / "world"
        for _ in range(3):
            began = time.monotonic()
            of = up.bring_up(directory, Story(lambda _: None))
            values.append(time.monotonic() - began)
            if len(values) < 3:  # noqa: PLR2004  # the last one stays for the nights
                down.bring_down(of)
                down.delete(of)
        yield figure("sandbox_up_seconds", "s", values, "≤ 60")
        of = world.load(directory)
        try:
            _dco(of, "adopt")
            inside = _quiet(of)
            yield figure("quiet_night_inside_seconds", "s", [night.beyond for night in inside], "≤ 3")
            yield figure("quiet_night_aws_calls", "", [night.calls for night in inside], "≤ 40")
            yield from _quiet_with_all_sources(of)
            yield _resume(of)
            yield serve_memory_mb(of.repo)
        finally:
            down.bring_down(of)
            down.delete(of)


@dataclass(frozen=True)
class Night:
    """What a quiet night cost: seconds beyond its offering, calls, and writes beside its own record."""

    beyond: float
    calls: int
    writes: int


def _quiet(of: World) -> list[Night]:
    """Quiet nights from the shell's prompt to the shell's prompt, less the offering's task; calls at the endpoint."""
    nights: list[Night] = []
    allowed = OWN_RECORDS | {("ecs", "RunTask")}
    for _ in range(QUIET_RUNS):
        since = time.time()
        began = time.monotonic()
        said = _dco(of, "run")
        beyond = time.monotonic() - began - _offering_seconds(of)
        if "QUIET" not in said:
            sys.exit(f"the night was not quiet:\n{said}")
        ours = [line for line in _calls(of, since) if "dco/" in line["user_agent"]]
        writes = sum(line["mutating"] and (line["service"], line["action"]) not in allowed for line in ours)
        nights.append(Night(beyond, len(ours), writes))
    return nights


def _quiet_with_all_sources(of: World) -> Iterator[Figure]:
    """As before with every external source on, its registries on loopback at 20 ms a request."""
    with serve() as site:
        sources.fill(site, of.repo)
        sources.watch(of.repo, site.address)
        _dco(of, "adopt", "--again")
        nights = _quiet(of)
    # without the registry what was watched is unknown: what is measured next is the sample as it was
    subprocess.run(["git", "-C", of.repo, "revert", "--no-edit", "HEAD"], check=True, capture_output=True)
    _dco(of, "adopt", "--again")
    yield figure("quiet_night_seconds", "s", [night.beyond for night in nights], "≤ 5")
    yield figure("quiet_night_sources_aws_calls", "", [night.calls for night in nights], "≤ 80")
    yield figure("quiet_night_aws_writes", "", [night.writes for night in nights], "≤ 0")


def _resume(of: World) -> Figure:
    """From kill -9 of a night that waits to the first look for ballots by the `dco run` started after it."""
    release.commit_release(of, "good")
    values: list[float] = []
    with _night(of) as first:
        _wait_for_ballot_look(of, time.time())
        os.kill(first.pid, signal.SIGKILL)
    for _ in range(RESUMES):
        killed = time.time()
        with _night(of) as night:
            values.append(_wait_for_ballot_look(of, killed) - killed)
            time.sleep(1)
            os.kill(night.pid, signal.SIGKILL)
    _dco(of, "reject", "--why", "only measured", profile="alice")
    with _night(of) as last:
        last.wait()
    return figure("resume_seconds", "s", values, "≤ 3")


@contextlib.contextmanager
def _night(of: World) -> Generator[subprocess.Popen[bytes]]:
    command = [BIN / "dco", "-C", of.repo, "run"]
    with subprocess.Popen(command, env=_environment(of), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as night:
        yield night


def _wait_for_ballot_look(of: World, since: float) -> float:
    """Return when ballots were first listed after a time: a night that waits does it every second."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for line in _calls(of, since):
            if line["action"] == "ListObjectsV2" and _is_waiting(of):
                return float(line["time"])
        time.sleep(0.02)
    sys.exit("the night never waited for approval")


def _is_waiting(of: World) -> bool:
    s3 = boto3.Session(**_session(of)).client("s3")
    found = s3.list_objects_v2(Bucket="credcoin-production-dco", Prefix="waiting.json")
    return found["KeyCount"] > 0


def _offering_seconds(of: World) -> float:
    """Return how long the last offering's task took, from its creation to its end, as the endpoint tells it."""
    ecs = boto3.Session(**_session(of)).client("ecs")
    cluster = "credcoin-production"
    arns = ecs.list_tasks(cluster=cluster, family="credcoin-production-offering", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    spans: list[tuple[datetime, datetime]] = [(task["createdAt"], task["stoppedAt"]) for task in tasks]  # type: ignore[typeddict-item]  # a stopped task has both
    created, stopped = max(spans)
    return (stopped - created).total_seconds()


def _calls(of: World, since: float) -> list[dict[str, Any]]:
    lines = (of.sandbox / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    found: list[dict[str, Any]] = []
    for line in reversed(lines):
        call = json.loads(line)
        if call["time"] < since:
            break
        found.insert(0, call)
    return found


def _dco(of: World, *arguments: str, profile: str | None = None) -> str:
    """Run a command of dco to its good end; return what it printed."""
    done = subprocess.run(
        [BIN / "dco", "-C", of.repo, *arguments],
        env=_environment(of, profile),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"dco {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _environment(of: World, profile: str | None = None) -> dict[str, str]:
    values = {**os.environ, **access.environment(of)}
    values.pop("AWS_PROFILE", None)
    return {**values, "AWS_PROFILE": profile} if profile else values


def _session(of: World) -> dict[str, Any]:
    keys = access.environment(of)
    os.environ["AWS_CONFIG_FILE"] = keys["AWS_CONFIG_FILE"]
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = keys["AWS_SHARED_CREDENTIALS_FILE"]
    return {"profile_name": "runner"}
