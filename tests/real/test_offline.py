"""`dco detect --offline` on real git repositories that have never heard of dco: only the two ends count."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dco.model.errors import ConfigurationError
from dco.wiring import files

DOCKERFILE = "FROM python:3.12-slim\nCOPY app ./app\nCMD python -m app\n"
FILES = {"Dockerfile": DOCKERFILE, "app/main.py": "print(1)\n", "app/run.sh": "echo hi\n", "README.md": "# It\n"}


class Repository:
    """A git repository that a test writes."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, given: bytes = b"") -> str:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always"]
        command = ["git", *identity, *words]
        return (
            subprocess.run(command, cwd=self.place, check=True, capture_output=True, input=given)
            .stdout.decode()
            .strip()
        )

    def commit(self, changes: dict[str, str | None] | None = None) -> str:
        for path, text in (changes or {}).items():
            file = self.place / path
            if text is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def look(self, since: str, until: str = "HEAD") -> dict[str, str]:
        seen = files.see(self.place, since, until)
        found = {change.component: f"{change.status} {change.action}" for change in seen.changes.changes}
        return found | {"decision": str(seen.changes.decision())}

    def reason(self, since: str, component: str) -> str:
        seen = files.see(self.place, since, "HEAD")
        return next(change.reason for change in seen.changes.changes if change.component == component)


QUIET = {"application:app": "unchanged none", "decision": "none"}
DEPLOY = {"application:app": "changed redeploy", "decision": "redeploy"}
Make = Callable[[], Repository]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "it")
    made.commit(dict(FILES))
    return made


def test_a_change_and_its_revert_are_no_change(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit({"app/main.py": "print(2)\n"})
    assert repository.look(first) == DEPLOY
    repository.git("revert", "--no-edit", "HEAD")
    assert repository.look(first) == QUIET


def test_an_empty_commit_is_no_change(repository: Repository) -> None:
    repository.commit()
    assert repository.look("HEAD~1") == QUIET


def test_a_merge_counts_by_what_it_ends_in(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "-q", "-b", "side")
    repository.commit({"app/main.py": "print(3)\n"})
    repository.git("checkout", "-q", "main")
    repository.commit({"README.md": "# Else\n"})
    repository.git("merge", "-q", "--no-edit", "-s", "ours", "side")
    assert repository.look(first) == QUIET
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.git("merge", "-q", "--no-edit", "side")
    assert repository.look(first) == DEPLOY


def test_an_executable_bit_is_a_change(repository: Repository) -> None:
    repository.git("update-index", "--chmod=+x", "app/run.sh")
    repository.git("commit", "-q", "-m", "mode")
    assert repository.look("HEAD~1") == DEPLOY
    assert "its mode is 100755" in repository.reason("HEAD~1", "application:app")


def test_a_rename_within_the_image_is_a_change_and_outside_is_none(repository: Repository) -> None:
    repository.git("mv", "README.md", "READ.md")
    repository.commit()
    assert repository.look("HEAD~1") == QUIET
    repository.git("mv", "app/run.sh", "app/start.sh")
    repository.commit()
    assert repository.look("HEAD~1") == DEPLOY


def test_line_endings_count_where_they_mean_something(repository: Repository) -> None:
    repository.commit({"app/main.py": "print(1)\r\n"})
    assert repository.look("HEAD~1") == QUIET
    repository.commit({"app/run.sh": "echo hi\r\n"})
    assert repository.look("HEAD~1") == DEPLOY


def test_a_submodule_counts_by_its_commit(repository: Repository, tmp_path: Path) -> None:
    library = Repository(tmp_path / "library")
    library.commit({"lib.py": "x = 1\n"})
    repository.git("submodule", "--quiet", "add", str(library.place), "app/lib")
    added = repository.commit()
    assert repository.look("HEAD~1") == DEPLOY
    library.commit({"lib.py": "x = 2\n"})
    repository.git("-C", "app/lib", "pull", "-q")
    repository.commit()
    assert repository.look(added) == DEPLOY
    assert "the submodule stands at" in repository.reason(added, "application:app")
    assert any("app/lib" in each for each in files.see(repository.place, added, "HEAD").not_looked_at)


def test_a_link_that_is_copied_counts_by_what_it_points_to(repository: Repository) -> None:
    (repository.place / "linked").symlink_to("shared")
    repository.commit({"shared/a.txt": "1", "Dockerfile": DOCKERFILE + "COPY linked ./linked\n"})
    repository.commit({"shared/a.txt": "2"})
    assert repository.look("HEAD~1") == DEPLOY


def test_a_rewritten_history_is_compared_by_its_ends(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("commit", "-q", "--amend", "-m", "otherwise")
    assert repository.look(first) == QUIET


def test_a_released_commit_that_is_gone_leaves_all_unknown(repository: Repository) -> None:
    found = repository.look("0123456789012345678901234567890123456789")
    assert found["decision"] == "approve"
    assert found["application:app"] == "unknown approve"
    reason = repository.reason("0123456789012345678901234567890123456789", "application:app")
    assert "its history was rewritten" in reason


def test_a_shallow_checkout_says_so(repository: Repository, tmp_path: Path) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit({"app/main.py": "print(2)\n"})
    subprocess.run(["git", "clone", "-q", "--depth=1", repository.place.as_uri(), tmp_path / "shallow"], check=True)
    seen = files.see(tmp_path / "shallow", first, "HEAD")
    assert {str(change.status) for change in seen.changes.changes} == {"unknown"}
    assert "shallow" in seen.changes.changes[0].reason


def test_a_name_that_git_does_not_know_is_an_error(repository: Repository) -> None:
    with pytest.raises(ConfigurationError, match="knows no commit 'v9'"):
        files.see(repository.place, "v9", "HEAD")


def test_what_is_not_committed_is_not_compared_in_silence(repository: Repository) -> None:
    (repository.place / "app/main.py").write_text("print(9)\n")
    with pytest.raises(ConfigurationError, match="uncommitted"):
        files.see(repository.place, "HEAD", None)


def test_it_works_below_the_root_and_tells_the_age(repository: Repository) -> None:
    repository.commit({"app/main.py": "print(2)\n"})
    seen = files.see(repository.place / "app", "HEAD~1", "HEAD")
    assert seen.changes.decision() == "redeploy"
    assert list(seen.ages) == ["application:app"]


def test_the_command_prints_the_decision_as_json(repository: Repository) -> None:
    repository.commit({"app/main.py": "print(2)\n"})
    command = ["dco", "-C", str(repository.place), "detect", "--offline", "--from", "HEAD~1", "--to", "HEAD", "--json"]
    done = subprocess.run(
        [Path(sys.executable).parent / command[0], *command[1:]], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["decision"] == "redeploy"
    keys = {"source", "component", "status", "action", "current", "available", "reason", "evidence", "checked_at"}
    assert [set(change) for change in found["changes"]] == [keys]
    assert found["not_looked_at"]
    assert "Error" not in done.stderr


def test_a_history_of_2000_commits_counts_by_its_ends(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    stream = ["reset refs/heads/main\nfrom refs/heads/main^0\n\n"]
    for number in range(2000):
        text = f"print({number + 2})\n" if number < 1999 else FILES["app/main.py"]
        stream.append(
            f"commit refs/heads/main\ncommitter A <a@example.com> {1_700_000_000 + number} +0000\ndata 1\nx\n"
        )
        stream.append(f"M 100644 inline app/main.py\ndata {len(text)}\n{text}\n")
    repository.git("fast-import", "--quiet", "--force", given="".join(stream).encode())
    assert repository.git("rev-list", "--count", "main") == "2001"
    assert repository.look(first, "main") == QUIET
    assert repository.look(first, "main~1") == DEPLOY
    assert repository.look("main~1000", "main~999")["decision"] == "redeploy"


def test_a_checkout_of_several_hundred_files() -> None:
    here = Path(__file__).parents[2]
    seen = files.see(here, "HEAD", "HEAD")
    found = {change.component: str(change.status) for change in seen.changes.changes}
    assert found.pop("stack:infra") == "error"  # its modules lie beside it only in a world
    assert "application:credcoin" in found
    assert set(found.values()) == {"unchanged"}


def test_a_path_that_is_not_utf_8(repository: Repository) -> None:
    (repository.place / "app" / "caf\udce9.txt").write_text("1")
    repository.commit()
    assert repository.look("HEAD~1") == DEPLOY
    assert "caf\\udce9.txt" in repository.reason("HEAD~1", "application:app")


def test_links_are_followed_in_terraform(repository: Repository) -> None:
    instance = 'resource "aws_instance" "neo4j" {{\n  ami = "{}"\n}}\n'
    (repository.place / "infra").mkdir()
    (repository.place / "infra/db.tf").symlink_to("../shared/db.tf")
    repository.commit({"infra/main.tf": 'terraform {\n  backend "s3" {}\n}\n', "shared/db.tf": instance.format("a")})
    repository.commit({"shared/db.tf": instance.format("b")})
    assert repository.look("HEAD~1")["database:neo4j"] == "changed block"
