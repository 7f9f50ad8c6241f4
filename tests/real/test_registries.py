"""Registries over real HTTP: a whole good answer, or `Unreadable` within the time limit; never an empty answer."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import msgspec
import pytest
from tests.real.registry_site import Site, serve

from dco.detect.asking import ask_all
from dco.detect.libraries import judge
from dco.detect.locks.locked import Locked
from dco.model.change import Status
from dco.model.errors import ConfigurationError, Unreadable
from dco.model.watching import LockFile, Registries
from dco.providers.registries import clients
from dco.providers.registries.catalogue import HttpCatalogue
from dco.seams.catalogue import Kind, Package

LIMIT = 0.5
DIGEST = "sha256:" + "a" * 64
REQUESTS = Package(Kind.PYPI, "requests", "2.0")
METADATA = b"""<?xml version="1.0"?><metadata><groupId>org.neo4j</groupId><artifactId>neo4j</artifactId>
<versioning><versions><version>5.26.0</version><version>5.26.1</version></versions></versioning></metadata>"""


def _osv(asked: Any) -> Any:
    known = {("jinja2", "2.4.1"): "GHSA-proof", ("requests", "2.0"): "GHSA-1"}
    found = (known.get((q["package"]["name"], q["version"])) for q in asked["queries"])
    return {"results": [{"vulns": [{"id": each}]} if each else {} for each in found]}


PAGES: dict[str, Any] = {
    "/semver": {
        "name": "semver",
        "versions": {"1.0.0": {}, "1.1.0": {"deprecated": "use 2"}},
        "time": {"created": "2020-01-01T00:00:00.000Z", "1.0.0": "2020-01-01T00:00:00.000Z"},
    },
    "/@types%2Fnode": {"name": "@types/node", "versions": {"20.1.0": {}}, "time": {}},
    "/requests/": {
        "meta": {"api-version": "1.1"},
        "name": "requests",
        "files": [
            {"filename": "requests-2.0.tar.gz", "yanked": False, "upload-time": "2020-01-02T00:00:00Z"},
            {"filename": "requests-2.0-py3-none-any.whl", "upload-time": "2020-01-01T00:00:00Z"},
            {"filename": "requests-2.1.tar.gz", "yanked": "broke TLS"},
            {"filename": "requests-2.0.win32.exe"},
        ],
    },
    "/org/neo4j/neo4j/maven-metadata.xml": METADATA,
    "/org/neo4j/neo4j/5.26.1/neo4j-5.26.1.pom": (200, b"", {"Last-Modified": "Wed, 01 Jan 2025 00:00:00 GMT"}),
    "/v1/querybatch": _osv,
    "/v1/vulns/GHSA-1": {
        "id": "GHSA-1",
        "summary": "It leaks",
        "affected": [
            {"package": {"name": "requests"}, "ranges": [{"events": [{"introduced": "0"}, {"fixed": "2.3"}]}]},
            {"package": {"name": "other"}, "ranges": [{"events": [{"fixed": "9"}]}]},
        ],
    },
    "/repos/actions/checkout/tags": [{"name": "v4.2.2", "commit": {"sha": "11bd"}}],
    "/v1/providers/hashicorp/aws/versions": {"versions": [{"version": "6.0.0"}]},
    "/v1/modules/a/vpc/aws/versions": {"modules": [{"versions": [{"version": "1.0.0"}]}]},
    "/v2/library/python/tags/list": {"tags": ["3.12-slim"]},
    "/v2/library/python/manifests/3.12-slim": (200, b"", {"Docker-Content-Digest": DIGEST}),
    "/nodejs.json": [{"cycle": "24", "eol": "2028-04-30"}, {"cycle": "25", "eol": False}],
}  # fmt: skip
QUESTIONS: dict[str, Callable[[HttpCatalogue], Any]] = {
    "npm": lambda asked: asked.versions(Kind.NPM, "semver"),
    "pypi": lambda asked: asked.versions(Kind.PYPI, "requests"),
    "maven": lambda asked: asked.versions(Kind.MAVEN, "org.neo4j:neo4j"),
    "maven date": lambda asked: asked.published_at(Package(Kind.MAVEN, "org.neo4j:neo4j", "5.26.1")),
    "osv": lambda asked: asked.vulnerabilities([REQUESTS]),
    "github": lambda asked: asked.versions(Kind.GITHUB, "actions/checkout"),
    "provider": lambda asked: asked.versions(Kind.TERRAFORM_PROVIDER, "hashicorp/aws"),
    "module": lambda asked: asked.versions(Kind.TERRAFORM_MODULE, "a/vpc/aws"),
    "tags": lambda asked: asked.versions(Kind.CONTAINER, "docker.io/library/python"),
    "digest": lambda asked: asked.digest("docker.io/library/python", "3.12-slim"),
    "lifetimes": lambda asked: asked.lifetimes("nodejs"),
}
FAILURES = ("truncate", "elsewhere", "circles", "garbage", "html", "nothing", "list", "busy", "broken", "login")
HAS_NO_BODY = {"maven date": ("truncate", "html", "nothing", "list"), "digest": ("truncate",)}


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    running.pages, running.failure, running.failures, running.latency = dict(PAGES), "", 1_000_000, 0.0
    running.headers = {}
    running.asked.clear()
    running.bodies.clear()
    return running


MADE: list[HttpCatalogue] = []


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop()._connections.client().close()


def catalogue(address: str, **more: Any) -> HttpCatalogue:
    keys = ("npm", "pypi", "maven", "osv", "github", "terraform", "lifetimes")
    every: dict[str, Any] = dict.fromkeys(keys, address)
    settings = {"containers": {"docker.io": address}, "request_seconds": LIMIT, "from_clients": False, **every, **more}
    MADE.append(HttpCatalogue(msgspec.convert(settings, Registries)))
    return MADE[-1]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_whole_answer_is_read(site: Site, name: str) -> None:
    assert QUESTIONS[name](catalogue(site.address))


@pytest.mark.parametrize(
    ("name", "failure"),
    [(name, failure) for name in QUESTIONS for failure in FAILURES if failure not in HAS_NO_BODY.get(name, ())],
)
def test_a_failing_registry_is_unreadable_within_its_time(site: Site, name: str, failure: str) -> None:
    site.failure = failure
    began = time.monotonic()
    with pytest.raises(Unreadable) as caught:
        QUESTIONS[name](catalogue(site.address))
    assert time.monotonic() - began < LIMIT + 1
    assert caught.value.remedy


@pytest.mark.parametrize("failure", ["hang", "drip"])
@pytest.mark.parametrize("name", ["npm", "osv"])
def test_a_registry_that_hangs_is_left(site: Site, name: str, failure: str) -> None:
    site.failure = failure
    began = time.monotonic()
    with pytest.raises(Unreadable, match=f"within {LIMIT:g} s"):
        QUESTIONS[name](catalogue(site.address))
    assert time.monotonic() - began < LIMIT + 1


def test_a_registry_that_refuses_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="can't be read"):
        QUESTIONS["npm"](catalogue("http://127.9.1.31:1/"))


def test_a_busy_registry_is_asked_once_more(site: Site) -> None:
    site.failure, site.failures = "busy", 1
    assert QUESTIONS["npm"](catalogue(site.address))
    assert len(site.asked) == 2


@pytest.mark.parametrize("name", QUESTIONS)
def test_without_an_address_nothing_is_asked(name: str) -> None:
    with pytest.raises(Unreadable, match="no address of"):
        QUESTIONS[name](HttpCatalogue(Registries(from_clients=False)))


def test_an_address_that_is_none_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ConfigurationError, match="address of npm is none"):
        QUESTIONS["npm"](HttpCatalogue(Registries(npm="file:///etc")))


def test_a_password_in_an_address_is_never_told(site: Site) -> None:
    site.failure = "broken"
    address = site.address.replace("//", "//someone:hidden@")
    with pytest.raises(Unreadable) as caught:
        QUESTIONS["npm"](catalogue(address))
    assert "hidden" not in f"{caught.value} {caught.value.remedy} {caught.value.__context__}"


def test_npm_tells_age_and_deprecation(site: Site) -> None:
    old, new = sorted(catalogue(site.address).versions(Kind.NPM, "semver"), key=lambda one: one.version)
    assert (old.at, old.withdrawn) == ("2020-01-01T00:00:00.000Z", "")
    assert (new.at, new.withdrawn) == (None, "deprecated: use 2")
    assert [one.version for one in catalogue(site.address).versions(Kind.NPM, "@types/node")] == ["20.1.0"]


def test_a_python_version_is_yanked_when_all_its_files_are(site: Site) -> None:
    found = {one.version: one for one in catalogue(site.address).versions(Kind.PYPI, "Requests")}
    assert set(found) == {"2.0", "2.1"}
    assert (found["2.0"].at, found["2.0"].withdrawn) == ("2020-01-01T00:00:00Z", "")
    assert found["2.1"].withdrawn == "yanked: broke TLS"


@pytest.mark.parametrize(
    "other", [{"name": "another", "versions": {"1.0.0": {}}}, {"name": "semver", "versions": {}}, {"name": "semver"}]
)
def test_an_answer_about_something_else_or_nothing_is_none(site: Site, other: Any) -> None:
    site.pages["/semver"] = other
    with pytest.raises(Unreadable):
        catalogue(site.address).versions(Kind.NPM, "semver")


def test_vulnerabilities_come_with_their_fixes(site: Site) -> None:
    good = Package(Kind.PYPI, "idna", "3.0")
    found = catalogue(site.address).vulnerabilities([REQUESTS, good])
    assert [(one.id, one.summary, one.fixed) for one in found[REQUESTS]] == [("GHSA-1", "It leaks", ("2.3",))]
    assert found[good] == ()


def test_a_vulnerability_whose_details_are_gone_is_still_one(site: Site) -> None:
    del site.pages["/v1/vulns/GHSA-1"]
    (found,) = catalogue(site.address).vulnerabilities([REQUESTS])[REQUESTS]
    assert found.id == "GHSA-1"


def test_an_empty_database_of_vulnerabilities_proves_nothing(site: Site) -> None:
    site.pages["/v1/querybatch"] = {"results": [{}, {}]}
    with pytest.raises(Unreadable, match="its answers prove nothing"):
        QUESTIONS["osv"](catalogue(site.address))


def test_fewer_answers_than_questions_are_none(site: Site) -> None:
    site.pages["/v1/querybatch"] = {"results": [{}]}
    with pytest.raises(Unreadable, match="answered 1 of 2 questions"):
        QUESTIONS["osv"](catalogue(site.address))


def test_pages_of_vulnerabilities_are_read_to_their_end(site: Site) -> None:
    def paged(asked: Any) -> Any:
        said = _osv(asked)
        for query, result in zip(asked["queries"], said["results"], strict=True):
            if query["package"]["name"] == "requests" and "page_token" not in query:
                result.pop("vulns")
                result["next_page_token"] = "more"
        return said

    site.pages["/v1/querybatch"] = paged
    assert QUESTIONS["osv"](catalogue(site.address))[REQUESTS]


def test_tokens_for_strangers_are_fetched_where_the_registry_says(site: Site) -> None:
    challenge = f'Bearer realm="{site.address}token",service="images",scope="pull"'
    login = (401, b"", {"WWW-Authenticate": challenge})
    site.pages["/v2/library/python/tags/list"] = login
    site.pages["/token"] = {"token": "for strangers"}
    with pytest.raises(Unreadable, match="does not let us read"):
        QUESTIONS["tags"](catalogue(site.address))
    assert ("GET", "/token?service=images&scope=pull") in site.asked


def test_three_hundred_packages_take_little_longer_than_their_latency(site: Site) -> None:
    site.latency = 0.02
    for number in range(300):
        site.pages[f"/p{number}"] = {"name": f"p{number}", "versions": {"1.0.0": {}}, "time": {}}
    asked = catalogue(site.address, request_seconds=10)
    locked = {
        Locked(Kind.NPM, f"p{number}", "1.0.0"): lambda number=number: asked.versions(Kind.NPM, f"p{number}")
        for number in range(300)
    }
    began = time.monotonic()
    answers = ask_all(locked, at_once=16, seconds=30)
    assert time.monotonic() - began < 6  # two seconds on a machine of its own; here others work, too
    packages = {Package(one.kind, one.name, one.version): () for one in locked}
    (summary,) = judge("api", LockFile(lock="x"), tuple(locked), answers, packages, "2026-01-01T00:00:00Z")
    assert summary.status is Status.UNCHANGED


def test_addresses_of_clients_on_this_machine_are_addresses_or_nothing(tmp_path: Path) -> None:
    for found in (clients.pip_index(), clients.npm_registry(), clients.maven_repository(tmp_path)):
        assert found is None or found.startswith("http")


def test_a_mirror_in_mavens_settings_wins(tmp_path: Path) -> None:
    (tmp_path / ".m2").mkdir()
    settings = tmp_path / ".m2" / "settings.xml"
    mirror = "<mirror><mirrorOf>{}</mirrorOf><url>https://maven.example/</url></mirror>"
    for of, wins in (("central", True), ("*", True), ("*,!central", False), ("other", False)):
        settings.write_text(f'<settings xmlns="urn:x"><mirrors>{mirror.format(of)}</mirrors></settings>')
        assert (clients.maven_repository(tmp_path) == "https://maven.example/") is wins


def test_mavens_own_repository_is_read_from_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib").mkdir()
    command = tmp_path / "bin" / "mvn"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    model = (
        "<project><repositories><repository><url>https://central.example/</url></repository></repositories></project>"
    )
    with ZipFile(tmp_path / "lib" / "maven-model-builder-9.jar", "w") as jar:
        jar.writestr("org/apache/maven/model/pom-4.0.0.xml", model)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert clients.maven_repository(tmp_path) == "https://central.example/"
