"""Which files of a revision make a Terraform stack: its root, local modules, variables, lock file and what it reads."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dco.detect.hcl.reading import blocks, configuration, values
from dco.detect.hcl.words import without_comments
from dco.detect.links import Followed
from dco.model.canonical import fingerprint
from dco.model.environment import Stack
from dco.model.errors import ConfigurationError
from dco.seams.source import Source, SourceFile

_MODULE = re.compile(r'(?:^|[{,])\s*"?source"?\s*[=:]\s*"(\.\.?/[^"]*|\.\.?)"', re.MULTILINE)
_ANCHORED = re.compile(r'\$\{\s*path\.(module|root|cwd)\s*\}/([^"$%]*)(["$%])')
_ANCHOR = re.compile(r"\bpath\.(module|root|cwd)\b")
_PLAIN = re.compile(r'\b(?:file\w*|templatefile)\(\s*"([^"$%]+)"')
_COMPUTED = re.compile(r'\b(?:file|filebase64|file(?:base64)?(?:md5|sha\d+)|templatefile)\(\s*(?!")\S')
_LOCK = ".terraform.lock.hcl"
_SUBMODULE = "160000"
_PACKED = re.compile(r"\barchive_file\b|\bsource_dir\b")
"""Where the mode of a file counts, too."""


@dataclass(frozen=True)
class Selection:
    """The files of a stack, by what they are for."""

    modules: Mapping[str, tuple[SourceFile, ...]]
    """Directory → its configuration files."""
    variables: tuple[SourceFile, ...]
    """In the order in which later ones win."""
    lock: tuple[SourceFile, ...]
    read: tuple[SourceFile, ...]
    """What functions read: templates, scripts, archives."""

    def files(self) -> dict[str, tuple[str, str]]:
        """Path → mode and blob, of all."""
        every = [*(f for files in self.modules.values() for f in files), *self.variables, *self.lock, *self.read]
        return {file.path: (file.mode, file.blob) for file in every}


def select(stack: Stack, source: Source, revision: str) -> Selection:
    """Return a stack's files. Raises `ConfigurationError` for a directory, module or variable file that is missing.

    A module that lies in a submodule is that submodule's commit.
    """
    source = Followed(source)
    by_path = {file.path: file for file in source.files(revision)}
    root = posixpath.normpath(stack.directory)
    modules: dict[str, tuple[SourceFile, ...]] = {}
    read: set[str] = set()
    waiting = [(root, "dco.toml")]
    while waiting:
        directory, asked_by = waiting.pop()
        if directory in modules:
            continue
        if submodule := _submodule(directory, by_path):
            modules[directory] = (submodule,)
            continue
        found = tuple(file for file in by_path.values() if _is_configuration(file.path, directory))
        if not found:
            raise ConfigurationError(
                f"{asked_by} names {directory}, which holds no Terraform configuration in commit {revision[:12]}",
                "correct the path, or commit the directory",
            )
        modules[directory] = found
        for path, content in source.read_many(revision, [file.path for file in found]).items():
            text = without_comments(content.decode(errors="replace"))
            waiting += [(posixpath.normpath(f"{directory}/{each}"), path) for each in called(text)]
            read |= set(reads(text, directory, root, by_path))
    variables = _variables(stack, root, by_path)
    lock = tuple(by_path[path] for path in [posixpath.normpath(f"{root}/{_LOCK}")] if path in by_path)
    known = {file.path for files in modules.values() for file in files} | {file.path for file in (*variables, *lock)}
    return Selection(dict(sorted(modules.items())), variables, lock, tuple(by_path[p] for p in sorted(read - known)))


def called(text: str) -> list[str]:
    """Return the local modules that a configuration without comments calls, as written."""
    return _MODULE.findall(text)


def meaning(stack: Stack, selection: Selection, source: Source, revision: str) -> str:
    """Return the fingerprint of what a stack's files mean. Raises `ConfigurationError` for what does not parse.

    A variable that the root does not declare is not read, so its value does not count.
    """
    root = posixpath.normpath(stack.directory)
    texts = read_texts(source, revision, [file for files in selection.modules.values() for file in files])
    modules = {
        posixpath.relpath(directory, root): configuration({f.path: texts[f.path] for f in files if f.path in texts})
        if files[0].mode != _SUBMODULE
        else [files[0].blob]
        for directory, files in selection.modules.items()
    }
    files = [(f.path, texts[f.path]) for f in selection.modules[root] if f.path in texts]
    declared = {block.labels[0] for path, text in files for block in blocks(text, path).nested("variable")}
    given = [
        {name: value.meaning for name, value in values(text, path).items() if name in declared}
        for path, text in read_texts(source, revision, selection.variables).items()
    ]
    lock = [configuration({path: text}) for path, text in read_texts(source, revision, selection.lock).items()]
    packed = any(_PACKED.search(text) for text in texts.values())
    read = [(posixpath.relpath(f.path, root), f.mode if packed else "", f.blob) for f in selection.read]
    return fingerprint((modules, [each for each in given if each], lock, read))


def inputs(stack: Stack) -> str:
    """Return the fingerprint of what `dco.toml` gives a stack beside its files."""
    said = (stack.directory, stack.var_files, stack.backend_config, stack.variables)
    # a record of before inputs were known must not differ from one without any
    return fingerprint((*said, stack.inputs) if stack.inputs else said)


def read_texts(source: Source, revision: str, files: Iterable[SourceFile]) -> dict[str, str]:
    """Return the texts of files by path, with links followed; a submodule has none."""
    read = Followed(source).read_many(revision, [file.path for file in files if file.mode != _SUBMODULE])
    return {path: content.decode(errors="replace") for path, content in read.items()}


def _is_configuration(path: str, directory: str) -> bool:
    return (posixpath.dirname(path) or ".") == directory and path.endswith((".tf", ".tf.json", ".tofu", ".tofu.json"))


def _submodule(directory: str, by_path: Mapping[str, SourceFile]) -> SourceFile | None:
    """Return the submodule that a directory is, or lies in."""
    place = directory
    while place not in {"", "."}:
        if place in by_path and by_path[place].mode == _SUBMODULE:
            return by_path[place]
        place = posixpath.dirname(place)
    return None


def _variables(stack: Stack, root: str, by_path: Mapping[str, SourceFile]) -> tuple[SourceFile, ...]:
    """Return the files that Terraform takes variables from, in its order: automatic ones, then those it is given."""
    names = sorted(posixpath.basename(path) for path in by_path if (posixpath.dirname(path) or ".") == root)
    automatic = [name for name in ("terraform.tfvars", "terraform.tfvars.json") if name in names]
    automatic += [name for name in names if name.endswith((".auto.tfvars", ".auto.tfvars.json"))]
    paths = [posixpath.normpath(f"{root}/{name}") for name in automatic]
    for name in stack.var_files:
        path = posixpath.normpath(f"{root}/{name}")
        if path.startswith(("..", "/")):
            continue  # it stands outside of the repository: Terraform reads it, no revision holds it
        if path not in by_path:
            raise ConfigurationError(f"the variable file {path} is not in the commit", "commit it, or correct dco.toml")
        paths.append(path)
    return tuple(by_path[path] for path in dict.fromkeys(paths))


def reads(text: str, directory: str, root: str, by_path: Mapping[str, SourceFile]) -> Iterator[str]:
    """Yield the files that a configuration's functions may read; all below the directory where that is computed."""
    bases = {"module": directory, "root": root, "cwd": root}
    for anchor, rest, end in _ANCHORED.findall(text):
        static = rest if end == '"' else posixpath.dirname(rest)
        yield from _below(posixpath.normpath(f"{bases[anchor]}/{static}"), by_path)
    for anchor in _ANCHOR.findall(_ANCHORED.sub("", text)):
        yield from _below(bases[anchor], by_path)
    for path in _PLAIN.findall(text):
        yield from _below(posixpath.normpath(f"{root}/{path}"), by_path)
    if _COMPUTED.search(text):
        yield from _below(directory, by_path)


def _below(path: str, by_path: Mapping[str, SourceFile]) -> Iterator[str]:
    """Yield a file, or all files of a directory; nothing when there is neither: it is written, not read."""
    for each in by_path:
        if path in (each, ".") or each.startswith(f"{path}/"):
            yield each
