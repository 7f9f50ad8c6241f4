"""The git provider on real repositories: exact files, and sentences for what is wrong with a checkout."""

import os
import subprocess
from pathlib import Path

import pytest

from dco.model.errors import ConfigurationError
from dco.providers.git import GitSource


def git(directory: Path, *arguments: str) -> str:
    """Run git in a test's repository, without this machine's settings."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    directory = tmp_path / "repository"
    directory.mkdir()
    git(directory, "init", "-q", "-b", "main")
    (directory / "app").mkdir()
    (directory / "app/main.py").write_text("print(1)\n")
    (directory / "ümlaut name.txt").write_bytes(b"a\r\nb\r\n")
    (directory / "run.sh").write_text("#!/bin/sh\n")
    (directory / "run.sh").chmod(0o755)
    (directory / "link").symlink_to("app/main.py")
    commit(directory, "first")
    return directory


def commit(directory: Path, message: str) -> str:
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "--allow-empty", "-m", message)
    return git(directory, "rev-parse", "HEAD")


def test_files_have_path_mode_and_blob(repository: Path) -> None:
    source = GitSource(repository)
    files = {file.path: file.mode for file in source.files(source.head())}
    assert files == {
        "app/main.py": "100644",
        "link": "120000",
        "run.sh": "100755",
        "ümlaut name.txt": "100644",
    }


def test_contents_are_read_raw_and_many_at_once(repository: Path) -> None:
    source = GitSource(repository)
    read = source.read_many(source.head(), ["ümlaut name.txt", "run.sh", "link"])
    assert read == {"ümlaut name.txt": b"a\r\nb\r\n", "run.sh": b"#!/bin/sh\n", "link": b"app/main.py"}
    with pytest.raises(ConfigurationError, match="no file nowhere"):
        source.read(source.head(), "nowhere")


def test_an_export_holds_exactly_the_revision_also_the_second_time(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "core.autocrlf", "true")
    (repository / ".gitattributes").write_text("run.sh export-ignore\n*.txt text eol=lf\n")
    revision = commit(repository, "attributes that would change an archive")
    target = tmp_path / "exports" / "one"
    for _ in range(2):
        GitSource(repository).export(revision, target)
        assert (target / "ümlaut name.txt").read_bytes() == _committed(repository, "ümlaut name.txt")
        assert os.access(target / "run.sh", os.X_OK)
        assert (target / "link").is_symlink()
        assert not (target / "left over").exists()
        (target / "left over").write_text("from before")
    assert [path.name for path in target.parent.iterdir()] == ["one"]


def _committed(repository: Path, path: str) -> bytes:
    return subprocess.run(
        ["git", "cat-file", "blob", f"HEAD:{path}"], cwd=repository, capture_output=True, check=True
    ).stdout


def test_author_and_names_are_resolved(repository: Path) -> None:
    source = GitSource(repository)
    assert source.author(source.head()) == "Ada <ada@example.org>"
    assert source.resolve("main") == source.resolve(source.head()[:8]) == source.head()
    with pytest.raises(ConfigurationError, match="no commit 'nosuch'"):
        source.resolve("nosuch")


def test_a_clean_checkout_has_no_trouble(repository: Path) -> None:
    source = GitSource(repository)
    assert source.trouble(source.head()) == ()


def test_a_dirty_checkout_names_its_files_and_says_what_is_deployed(repository: Path) -> None:
    (repository / "app/main.py").write_text("print(2)\n")
    (repository / "new file").write_text("x")
    (sentence,) = GitSource(repository).trouble(None)
    assert "app/main.py" in sentence
    assert "new file" in sentence
    assert "only what is committed is deployed" in sentence


def test_the_engines_own_directory_is_no_dirt(repository: Path) -> None:
    (repository / ".dco").mkdir()
    (repository / ".dco/engine.sqlite").write_text("x")
    assert GitSource(repository).trouble(None) != ()
    assert GitSource(repository, ignore=(".dco",)).trouble(None) == ()


def test_a_shallow_clone_says_so_and_how_to_mend_it(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, "second")
    git(tmp_path, "clone", "-q", "--depth", "1", repository.as_uri(), "shallow")
    (sentence,) = GitSource(tmp_path / "shallow").trouble(first)
    assert "shallow" in sentence
    assert first in sentence
    assert "--unshallow" in sentence


def test_a_released_commit_that_is_gone_is_said(repository: Path) -> None:
    (sentence,) = GitSource(repository).trouble("0" * 39 + "1")
    assert "0" * 39 + "1" in sentence
    assert "dco adopt" in sentence


def test_outside_of_a_repository_and_before_a_commit(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not inside a git repository"):
        GitSource(tmp_path).head()
    git(tmp_path, "init", "-q", ".")
    with pytest.raises(ConfigurationError, match="no commit yet"):
        GitSource(tmp_path).head()


def test_hooks_monitors_and_inherited_variables_change_nothing(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    spring = tmp_path / "spring.sh"
    spring.write_text(f"#!/bin/sh\ntouch {trap}\n")
    spring.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(spring))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    source = GitSource(repository)
    assert source.trouble(source.head()) == ()
    assert not trap.exists()


def test_a_submodule_is_an_empty_directory(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    commit(other, "theirs")
    git(repository, "submodule", "--quiet", "add", other.as_uri(), "vendored")
    revision = commit(repository, "with a submodule")
    source = GitSource(repository)
    assert {file.mode for file in source.files(revision) if file.path == "vendored"} == {"160000"}
    source.export(revision, tmp_path / "export")
    assert list((tmp_path / "export/vendored").iterdir()) == []
