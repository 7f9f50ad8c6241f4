"""Rules: where the state lies, and what is pinned."""

import re
from collections.abc import Iterator

from dco.model.remark import Remark
from dco.review.configuration import Block, is_expression, table
from dco.review.root import LOCK, Root

_UPPER = re.compile(r"(?:^|,)\s*(?:=?\s*\d|~>|<)")
_BUILT_IN = frozenset({"terraform"})


def state(root: Root) -> Iterator[Remark]:
    """Yield `state-on-disk` and `state-without-lock`. A module that is no root has no state of its own."""
    place = next((block.place for block in root.own if block.kind == "terraform"), root.directory)
    if root.backend is None:
        what = "the state lies on the disk of whoever applies: nobody else has it, and nothing locks it"
        remedy = 'keep it in a bucket with versions: terraform { backend "s3" { … use_lockfile = true } }'
        yield Remark(rule="state-on-disk", where=place, what=what, remedy=remedy)
    elif root.backend_kind == "s3" and not any(root.backend.get(key) for key in ("use_lockfile", "dynamodb_table")):
        what = "two who apply at the same time write over each other's state: its backend has no lock"
        yield Remark(
            rule="state-without-lock", where=place, what=what, remedy="use_lockfile = true in the backend (or its file)"
        )


def engine(root: Root) -> Iterator[Remark]:
    """Yield `engine-unpinned`."""
    said = [(block, block.body["required_version"]) for block in root.own if block.body.get("required_version")]
    if not said:
        what = "any Terraform may apply it, and a newer one moves the state on: nobody can go back"
        remedy = 'terraform { required_version = "~> 1.11" }'
        yield Remark(rule="engine-unpinned", where=root.directory, what=what, remedy=remedy)
    for block, version in said:
        if not _UPPER.search(str(version)):
            what = f"required_version {version} lets any newer Terraform move the state on"
            yield Remark(
                rule="engine-unpinned", where=block.place, what=what, remedy=f'add an end: "{version}, < 2" or "~> …"'
            )


def providers(root: Root) -> Iterator[Remark]:
    """Yield `provider-unpinned` and `no-lock-file`."""
    wanted: dict[str, tuple[Block, str]] = {}
    for block in root.own:
        for listed in block.inner("required_providers") if block.kind == "terraform" else ():
            for name, said in listed.items():
                wanted[name] = (block, str(table(said).get("version", "")) if isinstance(said, dict) else str(said))
    for name in sorted(_used(root) - set(wanted)):
        what = f"provider {name} is used and not among required_providers: init takes the newest"
        remedy = f'required_providers {{ {name} = {{ source = "…/{name}", version = "~> …" }} }}'
        yield Remark(rule="provider-unpinned", where=root.directory, what=what, remedy=remedy)
    for name, (block, version) in sorted(wanted.items()):
        if not _UPPER.search(version):
            what = f"provider {name} has no upper bound ({version or 'no version at all'}): init takes the newest"
            yield Remark(
                rule="provider-unpinned", where=block.place, what=what, remedy='version = "~> …", and a lock file'
            )
    if (_used(root) or wanted) and not root.locked:
        what = "there is no lock file: two machines may plan with different providers"
        remedy = f"terraform init, then commit {root.directory}/{LOCK}"
        yield Remark(rule="no-lock-file", where=root.directory, what=what, remedy=remedy)


def modules(root: Root) -> Iterator[Remark]:
    """Yield `module-unpinned`."""
    for block in root.everything:
        source = str(block.body.get("source", ""))
        if block.kind != "module" or not source or source.startswith(".") or is_expression(source):
            continue
        remote = "::" in source or source.startswith(("git@", "github.com/", "bitbucket.org/", "http"))
        if not (re.search(r"[?&]ref=", source) if remote else block.body.get("version")):
            what = f"{block.address} takes whatever {source} is at the time"
            remedy = "add ?ref= with a tag or commit to its source" if remote else 'version = "…"'
            yield Remark(rule="module-unpinned", where=block.place, what=what, remedy=remedy)


def _used(root: Root) -> set[str]:
    """Return the providers of all blocks, by the first word of a type, or as `provider` says."""
    named = {
        str(block.body.get("provider", block.labels[0].partition("_")[0])).strip("${}").partition(".")[0]
        for block in root.everything
        if block.kind in {"resource", "data"} and block.labels
    }
    return named - _BUILT_IN
