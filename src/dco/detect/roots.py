"""Which directories are Terraform roots, and which variable files they are given.

A root names a backend, a cloud or a provider, or is called by nobody. A variable file that Terraform does not take by
itself counts when a workflow, script or document of commands names it; one that no one reads does not matter.
"""

import fnmatch
import posixpath
import re
from collections.abc import Iterable

from dco.detect.hcl.words import without_comments
from dco.detect.selection import called
from dco.model.environment import Stack
from dco.seams.source import Source

_ROOT = re.compile(r'^\s*(?:backend\s+"\w+"|cloud)\s*\{|"(?:backend|cloud)"\s*:', re.MULTILINE)
_PROVIDER = re.compile(r'^\s*provider\s+"\w+"\s*\{|"provider"\s*:', re.MULTILINE)
_SOMETHING = re.compile(r'^\s*(?:resource|module|data|output)\s+"|"(?:resource|module|data|output)"\s*:', re.MULTILINE)
_MODULES = re.compile(r"(?:^|/)modules?/")
_TRIED = re.compile(r"(?:^|/)(?:test|examples?)/")
"""Where a root has to name where its state is, to be more than a try; an environment may well be called `test`."""
_LEFT_OUT = re.compile(r"(?:^|/)(?:node_modules|vendor|third_party|\.terraform|tests|__tests__|testdata|fixtures)/")
_TOLD = re.compile(r"(?:^|/)(?:Makefile|Taskfile\.ya?ml|justfile|package\.json|[\w.-]+\.(?:ya?ml|sh|bash))$")
_VAR_FILE = re.compile(r"-var-file[= ]+[\"']?([^\s\"';&|]+(?:\$\{\{[^}]*\}\}[^\s\"';&|]*)*)")
_HOLE = re.compile(r"\$\{\{.*?\}\}|\$\{[^}]*\}|\$\([^)]*\)|\$\w+|\$\$?\([^)]*\)")


def roots(source: Source, revision: str) -> dict[str, Stack]:
    """Return the roots of a revision by their directory."""
    directories: dict[str, list[str]] = {}
    for file in source.files(revision):
        if (
            file.path.endswith((".tf", ".tf.json", ".tofu", ".tofu.json"))
            and file.mode[:3] == "100"
            and not _LEFT_OUT.search(file.path)
        ):
            directories.setdefault(posixpath.dirname(file.path) or ".", []).append(file.path)
    texts = source.read_many(revision, [path for paths in directories.values() for path in paths])
    whole = {
        place: without_comments("\n".join(texts[path].decode(errors="replace") for path in paths))
        for place, paths in directories.items()
    }
    used = {posixpath.normpath(f"{place}/{each}") for place, text in whole.items() for each in called(text)}
    named = _var_files(source, revision)
    return {
        place: Stack(directory=place, var_files=_given(place, named, source, revision))
        for place, text in sorted(whole.items())
        if _is_root(place, text, used)
    }


def _is_root(place: str, text: str, used: set[str]) -> bool:
    if _ROOT.search(text):
        return True
    if place in used or _TRIED.search(f"{place}/"):
        return False
    return bool(_PROVIDER.search(text)) or (bool(_SOMETHING.search(text)) and not _MODULES.search(f"{place}/"))


def _var_files(source: Source, revision: str) -> set[str]:
    """Return the names that commands give as variable files, with `*` where a variable stands."""
    told = [file.path for file in source.files(revision) if _TOLD.search(file.path) and file.mode[:3] == "100"]
    texts = (content.decode(errors="replace") for content in source.read_many(revision, told).values())
    return {_HOLE.sub("*", name) for text in texts for name in _VAR_FILE.findall(text)}


def _given(place: str, named: Iterable[str], source: Source, revision: str) -> list[str]:
    """Return a root's variable files that commands name, by their paths from the root."""
    there = [file.path for file in source.files(revision) if file.path.endswith((".tfvars", ".tfvars.json"))]
    patterns = [posixpath.normpath(name.lstrip("*/")) if name.startswith("*/") else name for name in named]
    found = {path for path in there for pattern in patterns if _names(pattern, path, place)}
    return sorted(posixpath.relpath(path, place) for path in found)


def _names(pattern: str, path: str, place: str) -> bool:
    """Tell whether a name is a file, counted from the root or, when it has directories, from the repository."""
    ways = [posixpath.normpath(posixpath.join(place, pattern))]
    ways += [posixpath.normpath(pattern)] if "/" in pattern else []
    return any(fnmatch.fnmatchcase(path, way) for way in ways)
