"""`dco review terraform`: the configuration as it stands, by rules of our own.

Pure: what is looked at comes as files. `docs/plan-review.md` has every rule with an example.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping

from dco.model.remark import Remark
from dco.review import holding, pinning, secrecy
from dco.review.configuration import Files
from dco.review.root import Root, read_root
from dco.review.workflows import workflows

RULES: Mapping[str, str] = {
    "apply-without-plan": "a workflow applies without a saved plan",
    "deploys-without-lock": "a workflow applies without dco's lock",
    "engine-unpinned": "any newer Terraform may move the state on",
    "key-in-text": "an access key stands in a file",
    "module-unpinned": "a module from elsewhere without version",
    "most-recent": "the newest image for what holds data",
    "no-deletion-protection": "nothing keeps what holds data from being deleted",
    "no-lock-file": "no dependency lock file",
    "provider-unpinned": "a provider without upper bound",
    "script-not-run-again": "user data that restarts a machine and is not run",
    "secret-default": "a secret as a variable's default",
    "secret-in-file": "a secret in a variable file",
    "secret-literal": "a secret in a resource, provider or backend",
    "secret-not-sensitive": "a secret variable that is not marked",
    "state-on-disk": "no backend",
    "state-without-lock": "a backend without lock",
    "state-without-versions": "a state bucket that keeps no versions",
    "static-keys": "keys that do not expire in a workflow",
    "target-in-workflow": "a workflow applies parts of a stack",
    "unreadable": "a file that does not parse",
}
"""Rule → what it finds."""
_OF_ROOT: tuple[Callable[[Root], Iterable[Remark]], ...] = (
    pinning.state,
    pinning.engine,
    pinning.providers,
    pinning.modules,
    holding.images,
    holding.protections,
    holding.scripts,
    secrecy.variables,
    secrecy.literals,
)


def review(roots: Mapping[str, list[str]], files: Files, directory_of_workflows: str) -> tuple[Remark, ...]:
    """Return what our own rules find, sorted by place; a file that two roots use is told of once.

    `roots` are directories with the backend configurations they are given.
    """
    found = [remark for directory, backend in roots.items() for remark in _of(read_root(directory, files, backend))]
    ours = posixpath.normpath(directory_of_workflows)
    found += workflows({path: text for path, text in files.items() if posixpath.dirname(path) == ours})
    found += secrecy.keys(files)
    return tuple(sorted(dict.fromkeys(found), key=lambda remark: (*_placed(remark.where), remark.rule)))


def state_buckets(roots: Mapping[str, list[str]], files: Files) -> tuple[str, ...]:
    """Name the buckets that hold the states, as far as files say: whether they keep versions only AWS knows."""
    found: dict[str, None] = {}
    for directory, backends in roots.items():
        for entry in backends or [""]:
            settings = read_root(directory, files, [entry]).backend or {}
            if isinstance(bucket := settings.get("bucket"), str):
                found[bucket] = None
    return tuple(found)


def without_versions(bucket: str, status: str) -> Remark:
    """Say that a state can't be brought back once it is written over."""
    what = f"versioning of state bucket {bucket} is {status.lower()}: a state that is written over is gone"
    remedy = f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
    return Remark(rule="state-without-versions", where=f"s3://{bucket}", what=what, remedy=remedy)


def _of(root: Root) -> Iterator[Remark]:
    yield from root.unread
    for rule in _OF_ROOT:
        yield from rule(root)


def _placed(where: str) -> tuple[str, int]:
    path, _, line = where.rpartition(":")
    return (path, int(line)) if path and line.isdigit() else (where, 0)
