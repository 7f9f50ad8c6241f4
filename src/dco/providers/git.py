"""Git, through its command line: revisions and their files, exactly as committed.

A repository's hooks, file-system monitors and content filters are never run: blobs are read raw and written as they
are, so that what is built is what was committed, on every machine.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from dco.model.errors import ConfigurationError, Unreadable
from dco.seams.source import SourceFile

_OVERRIDES = ("core.quotepath=off", "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false")
_LINK, _SUBMODULE, _EXECUTABLE = "120000", "160000", "100755"
_NEWEST = 500
_NAMED = 5
"""How many paths a sentence names before it counts the rest."""


class GitSource:
    """`seams.source.Source` for a git checkout. Revisions never change, so what was read of one is kept."""

    def __init__(self, directory: Path, *, ignore: tuple[str, ...] = (), time_limit: float = 60) -> None:
        """Work on the checkout that contains `directory`; uncommitted files below `ignore` are nobody's concern."""
        self._directory = directory
        self._ignore = ignore
        self._time_limit = time_limit
        self._files: dict[str, tuple[SourceFile, ...]] = {}
        self._blobs: dict[str, bytes] = {}

    def head(self) -> str:
        """See `Source.head`."""
        return self.resolve("HEAD")

    def author(self, revision: str) -> str:
        """See `Source.author`."""
        return self._ask("log", "-1", "--no-show-signature", "--format=%an <%ae>", revision, "--").decode().strip()

    def resolve(self, name: str) -> str:
        """See `Source.resolve`."""
        done = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if done.returncode == 0:
            return done.stdout.decode().strip()
        self._ask("rev-parse", "--git-dir")
        if name == "HEAD":
            raise ConfigurationError(
                f"the git repository in {self._directory} has no commit yet", "commit what is to be deployed"
            )
        raise ConfigurationError(
            f"git knows no commit {name!r} in {self._directory}", "fetch it, or correct the branch, tag or hash"
        )

    def trouble(self, released: str | None) -> tuple[str, ...]:
        """See `Source.trouble`."""
        missing = released is not None and self._run("cat-file", "-e", f"{released}^{{commit}}", "--").returncode != 0
        shallow = self._ask("rev-parse", "--is-shallow-repository").strip() == b"true"
        sentences: list[str] = []
        if missing and not shallow:
            sentences.append(
                f"the released commit {released} is not in this repository (its history was rewritten, or this is "
                "another repository): fetch it by its hash, or record what runs anew with `dco adopt`"
            )
        if shallow:
            lost = f" and lacks the released commit {released}" if missing else ""
            sentences.append(
                f"the checkout is shallow{lost}: run `git fetch --unshallow` (in a workflow: fetch-depth: 0)"
            )
        return (*sentences, *self._dirt())

    def touched(self, before: str, after: str) -> Mapping[str, str]:
        """See `Source.touched`. Looks at no more than the newest commits."""
        span = ("--no-renames", "--no-show-signature", f"--max-count={_NEWEST}", f"{before}..{after}", "--")
        done = self._run("log", "--format=%x01%ct", "--name-only", "-z", *span)
        found: dict[str, str] = {}
        for commit in done.stdout.decode("utf-8", "surrogateescape").split("\x01")[1:] if done.returncode == 0 else ():
            seconds, _, paths = commit.partition("\0")
            at = datetime.fromtimestamp(int(seconds), UTC).isoformat(timespec="seconds")
            found |= dict.fromkeys((path.strip("\n") for path in paths.split("\0") if path.strip("\n")), at)
        return found

    def files(self, revision: str) -> tuple[SourceFile, ...]:
        """See `Source.files`."""
        if revision not in self._files:
            listing = self._ask("ls-tree", "-r", "-z", "--full-tree", revision).decode("utf-8", "surrogateescape")
            entries = (_entry(line) for line in listing.split("\0") if line)
            self._files[revision] = tuple(sorted(entries, key=lambda file: file.path))
        return self._files[revision]

    def read(self, revision: str, path: str) -> bytes:
        """See `Source.read`."""
        return self.read_many(revision, (path,))[path]

    def read_many(self, revision: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See `Source.read_many`."""
        known = {file.path: file for file in self.files(revision)}
        wanted = list(dict.fromkeys(paths))
        for path in wanted:
            if path not in known or known[path].mode == _SUBMODULE:
                raise ConfigurationError(
                    f"there is no file {path} in commit {revision[:12]}", "correct the path in dco.toml, or commit it"
                )
        blobs = self._contents(known[path].blob for path in wanted)
        return {path: blobs[known[path].blob] for path in wanted}

    def export(self, revision: str, directory: Path) -> None:
        """See `Source.export`. The directory is replaced as a whole, so that nobody sees half of it."""
        files = self.files(revision)
        blobs = self._contents(file.blob for file in files if file.mode != _SUBMODULE)
        directory.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            for file in files:
                _write(fresh, file, blobs.get(file.blob, b""))
            shutil.rmtree(directory, ignore_errors=True)
            fresh.rename(directory)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _contents(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Read blobs by one process; what was read before is not read again."""
        missing = [blob for blob in dict.fromkeys(blobs) if blob not in self._blobs]
        if missing:
            answer = self._ask("cat-file", "--batch", given="\n".join([*missing, ""]).encode())
            self._blobs |= _batch(answer, missing)
        return self._blobs

    def _dirt(self) -> tuple[str, ...]:
        """Name what is not committed: it is not what will be deployed."""
        answer = self._ask(
            "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal", "--ignore-submodules=none"
        )
        entries = answer.decode("utf-8", "surrogateescape").split("\0")
        paths = [entry[3:] for entry in entries if entry and not self._ignored(entry[3:])]
        if not paths:
            return ()
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        what = f"the checkout has uncommitted changes ({', '.join(paths[:_NAMED])}{more})"
        remedy = "only what is committed is deployed: commit them, stash them, or list them in .gitignore"
        return (f"{what}; {remedy}",)

    def _ignored(self, path: str) -> bool:
        return any(path == entry or path.startswith(entry.rstrip("/") + "/") for entry in self._ignore)

    def _ask(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run a command that must succeed; return what it wrote."""
        done = self._run(*arguments, given=given)
        if done.returncode == 0:
            return done.stdout
        raise _explain(done.stderr.decode(errors="replace").strip(), self._directory, arguments[0])

    def _run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        options = [word for override in _OVERRIDES for word in ("-c", override)]
        command = ["git", "--no-pager", *options, *arguments]
        try:
            return subprocess.run(
                command,
                cwd=self._directory,
                input=given,
                capture_output=True,
                env=_environment(),
                timeout=self._time_limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unreadable(
                f"git {arguments[0]} did not answer within {self._time_limit:g} s in {self._directory}",
                "see whether the disk or the network file system below the checkout hangs",
            ) from None
        except FileNotFoundError:
            what = "git" if self._directory.is_dir() else f"the directory {self._directory}"
            raise ConfigurationError(f"{what} was not found", "install git, or run dco inside the checkout") from None


def _environment() -> dict[str, str]:
    """Our environment without what would point git elsewhere, and with what keeps it from asking and writing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}
    return kept | quiet


def _explain(words: str, directory: Path, command: str) -> ConfigurationError | Unreadable:
    if "not a git repository" in words:
        return ConfigurationError(f"{directory} is not inside a git repository", "run dco in a checkout")
    if "dubious ownership" in words:
        return ConfigurationError(
            f"git refuses {directory} because another user owns it",
            f"run dco as its owner, or `git config --global --add safe.directory {directory}`",
        )
    return Unreadable(
        f"git {command} failed in {directory}: {words.removeprefix('fatal: ')}", "see whether `git fsck` finds it whole"
    )


def _entry(line: str) -> SourceFile:
    about, path = line.split("\t", 1)
    mode, _, blob = about.split(" ")
    return SourceFile(path=path, blob=blob, mode=mode)


def _batch(answer: bytes, wanted: list[str]) -> dict[str, bytes]:
    """Take apart what `cat-file --batch` wrote: a header line, the content and a newline for each object."""
    found: dict[str, bytes] = {}
    at = 0
    for blob in wanted:
        end = answer.index(b"\n", at)
        words = answer[at:end].split()
        if len(words) != 3:  # noqa: PLR2004  `<hash> <type> <size>`, else `<hash> missing`
            raise Unreadable(f"git has lost the content {blob}", "fetch the whole history (no partial clone)")
        size = int(words[2])
        found[blob] = answer[end + 1 : end + 1 + size]
        at = end + 2 + size
    return found


def _write(root: Path, file: SourceFile, content: bytes) -> None:
    parts = PurePosixPath(file.path).parts
    if ".." in parts or file.path.startswith("/"):
        raise Unreadable(f"commit holds a path that leaves its directory: {file.path}", "see who made that commit")
    path = root.joinpath(*parts)
    if file.mode == _SUBMODULE:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if file.mode == _LINK:
        path.symlink_to(os.fsdecode(content))
        return
    path.write_bytes(content)
    path.chmod(0o755 if file.mode == _EXECUTABLE else 0o644)
