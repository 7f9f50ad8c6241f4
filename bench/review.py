"""Figures of deciding: how long the guard reads a large plan, and how long 300 libraries are looked up."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any, cast

from measuring import Figure, figure
from sources import known
from tests.real.registry_site import Site, serve

from dco.detect import libraries
from dco.model.change import Status
from dco.model.environment import Stack
from dco.model.watching import LockFile, Registries
from dco.plan.guard import inspect
from dco.providers.registries.catalogue import HttpCatalogue
from dco.providers.terraform.reading import read_plan
from dco.seams.source import Source

RESOURCES, PACKAGES, LATENCY_SECONDS = 2000, 300, 0.02
RUNS = 7
_POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [%s], "Resource": ["arn:aws:s3:::b%d/*"]}]}'
)


def figures() -> Iterator[Figure]:
    """Read and judge a plan that touches 2,000 resources; look up 300 locked packages at 20 ms a request."""
    text = json.dumps({"format_version": "1.2", "resource_changes": [_resource(number) for number in range(RESOURCES)]})
    yield figure("guard_seconds", "s", [_guard(text) for _ in range(RUNS)], "≤ 1")
    with tempfile.TemporaryDirectory(prefix="dco-bench-"), serve() as site:
        _fill(site)
        yield figure("library_detection_seconds", "s", [_libraries(site) for _ in range(RUNS)], "≤ 2")


def _guard(text: str) -> float:
    """From the text that `terraform show -json` prints to the guard's verdict."""
    began = time.monotonic()
    verdict = inspect("main", Stack(directory="infra"), read_plan(json.loads(text), "saved.tfplan", 1))
    seconds = time.monotonic() - began
    if len(verdict.refusals) != RESOURCES // 4 or len(verdict.notes) < RESOURCES // 4:
        sys.exit(f"the guard said something else: {len(verdict.refusals)} refusals, {len(verdict.notes)} notes")
    return seconds


def _resource(number: int) -> dict[str, Any]:
    """A quarter each: a replaced instance, a wider policy, an opened group, a queue that is made anew elsewhere."""
    tags = {"Name": f"n{number}", "Project": "credcoin"}
    kinds: tuple[tuple[str, list[str], dict[str, Any] | None, dict[str, Any]], ...] = (
        ("aws_instance", ["delete", "create"], {"ami": "ami-1", "tags": tags}, {"ami": "ami-2", "tags": tags}),
        (
            "aws_iam_role_policy",
            ["update"],
            {"policy": _POLICY % ('"s3:GetObject"', number)},
            {"policy": _POLICY % ('"s3:GetObject", "s3:PutObject"', number)},
        ),
        (
            "aws_security_group",
            ["update"],
            {"ingress": []},
            {"ingress": [{"cidr_blocks": ["0.0.0.0/0"], "from_port": number, "to_port": number, "protocol": "tcp"}]},
        ),
        ("aws_sns_topic", ["create"], None, {"name": f"t{number}", "tags": tags}),
    )
    kind, actions, before, after = kinds[number % len(kinds)]
    change: dict[str, Any] = {
        "actions": actions,
        "before": before,
        "after": after,
        "after_unknown": {"arn": True, "id": True},
    }
    if "delete" in actions:
        change["replace_paths"] = [["ami"]]
    return {
        "address": f"module.m.{kind}.r{number}",
        "mode": "managed",
        "type": kind,
        "name": f"r{number}",
        "change": change,
    }


class _Lock:
    """A revision with one lock file."""

    def read(self, revision: str, path: str) -> bytes:
        del revision, path
        return "".join(f"p{number}==1.0.0\n" for number in range(PACKAGES)).encode()


def _fill(site: Site) -> None:
    site.latency = LATENCY_SECONDS
    for number in range(PACKAGES):
        files = [{"filename": f"p{number}-1.0.0.tar.gz", "yanked": False, "upload-time": "2020-01-02T00:00:00Z"}]
        site.pages[f"/p{number}/"] = {"meta": {"api-version": "1.1"}, "name": f"p{number}", "files": files}
    site.pages["/v1/querybatch"] = known
    site.pages["/v1/vulns/GHSA-proof"] = {"id": "GHSA-proof", "summary": "It is known", "affected": []}


def _libraries(site: Site) -> float:
    """From the lock file to what is said of it, with the addresses and the number of questions at once by default."""
    catalogue = HttpCatalogue(Registries(from_clients=False, pypi=site.address, osv=site.address))
    began = time.monotonic()
    found = libraries.detect(
        "api",
        LockFile(lock="requirements.lock"),
        cast(Source, _Lock()),
        "0" * 40,
        catalogue,
        "2026-01-01T00:00:00Z",
        seconds=60,
        at_once=Registries().requests_at_once,
    )
    seconds = time.monotonic() - began
    if [one.status for one in found] != [Status.UNCHANGED]:
        sys.exit(f"the registry was not understood: {found[:3]}")
    return seconds
