"""A world that watches everything outside of it, and a registry on loopback that knows nothing newer.

All but the pins of Terraform: the sandbox's own provider has no lock file, and without one they are unknown.
"""

import re
from pathlib import Path
from typing import Any

from tests.real.registry_site import Site

from dco_sandbox import repository

LATENCY_SECONDS = 0.02
DIGEST = f"sha256:{'a' * 64}"
MAVEN = b"""<metadata><groupId>org.neo4j</groupId><artifactId>neo4j</artifactId>
<versioning><versions><version>5.26.30</version></versions></versioning></metadata>"""
_PINNED = re.compile(r"^([a-z0-9_.-]+)==([^ \\]+)", re.MULTILINE)
_ACTION = re.compile(r"uses: (?P<name>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40}) # (?P<tag>v[\d.]+)")
_FROM = re.compile(r"^FROM ([^@\s]+)", re.MULTILINE)
_TABLES = """
[images.ledger]
database = "ledger"
name = "neo4j-community-5.26.*"
owner = "aws-marketplace"

[images.search]
database = "search"
name = "neo4j-community-5.26.*"
owner = "aws-marketplace"

[neo4j]

[libraries.api]
lock = "requirements.lock"

[pins]
terraform = false

[aws_offerings]
health_log = "/aws/events/credcoin-production-dco-health"

[end_of_life]

[registries]
from_clients = false
{addresses}
containers = {{ "docker.io" = "{address}" }}
"""


def fill(site: Site, repo: Path) -> None:
    """Let a registry know what a repository locks and pins, as the newest there is."""
    site.latency = LATENCY_SECONDS
    pages: dict[str, Any] = {
        "/org/neo4j/neo4j/maven-metadata.xml": MAVEN,
        "/v1/querybatch": known,
        "/v1/vulns/GHSA-proof": {"id": "GHSA-proof", "summary": "It is known", "affected": []},
        "/v2/library/python/tags/list": {"tags": ["3.11-slim-bookworm"]},
        "/v2/library/python/manifests/3.11-slim-bookworm": (200, b"", {"Docker-Content-Digest": DIGEST}),
    }
    for name, version in _PINNED.findall((repo / "requirements.lock").read_text()):
        files = [{"filename": f"{name}-{version}.tar.gz", "yanked": False, "upload-time": "2020-01-02T00:00:00Z"}]
        pages[f"/{name}/"] = {"meta": {"api-version": "1.1"}, "name": name, "files": files}
    for path in (repo / ".github" / "workflows").iterdir():
        for found in _ACTION.finditer(path.read_text()):
            tag = {"name": found["tag"], "commit": {"sha": found["commit"]}}
            pages[f"/repos/{found['name']}/tags"] = [tag]
    site.pages = pages


def watch(repo: Path, address: str) -> None:
    """Commit a configuration with every source on, and a base image that is pinned to a digest."""
    keys = ("npm", "pypi", "maven", "osv", "github", "terraform", "lifetimes")
    addresses = "\n".join(f'{key} = "{address}"' for key in keys)
    with (repo / "dco.toml").open("a") as file:
        file.write(_TABLES.format(addresses=addresses, address=address))
    dockerfile = repo / "Dockerfile"
    dockerfile.write_text(_FROM.sub(rf"FROM \1@{DIGEST}", dockerfile.read_text()))
    repository.commit(repo, "Watch everything")


def known(asked: Any) -> Any:
    """Know what everybody knows to be vulnerable, and nothing of ours."""
    found = ((one["package"]["name"], one["version"]) == ("jinja2", "2.4.1") for one in asked["queries"])
    return {"results": [{"vulns": [{"id": "GHSA-proof"}]} if each else {} for each in found]}
