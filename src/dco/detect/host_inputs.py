"""Variables that a workflow takes from the repository host (`secrets.X`, `vars.X`) and hands to Terraform.

Planning without them, or with their defaults, would be planning something else: without a source in `dco.toml` the
stack is unknown.
"""

import posixpath
import re
from collections.abc import Mapping

from dco.model.environment import Stack, Workflows
from dco.model.errors import Unreadable
from dco.seams.source import Source

_VALUE = r"[^'\"\n$]*\$\{\{[^}]*?\b(?P<from>(?:secrets|vars)\.\w+)[^}]*\}\}"
_HANDED = (
    re.compile(rf"""-var[= ]['"]?(?P<name>[\w-]+)=['"]?{_VALUE}"""),
    re.compile(rf"""['"]?TF_VAR_(?P<name>[\w-]+)['"]?[ \t]*[:=][ \t]*['"]?{_VALUE}"""),
)
_INDIRECT = re.compile(r"""-var[= ]['"]?(?P<name>[\w-]+)=['"]?\$\{?(?P<variable>\w+)""")
_ENVIRONMENT = re.compile(rf"""^[ \t-]*['"]?(?P<name>\w+)['"]?[ \t]*:[ \t]*['"]?{_VALUE}""", re.MULTILINE)
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_DECLARED = re.compile(r'^\s*"?variable"?\s*[:{]?\s*"(\w+)"', re.MULTILINE)


def handed(text: str) -> dict[str, str]:
    """Return variable → what it comes from (`secrets.LEDGER_PASSWORD`) of a workflow's text."""
    text = _COMMENT.sub("", text).replace("\\\n", " ")
    found = {match["name"]: match["from"] for pattern in _HANDED for match in pattern.finditer(text)}
    environment = {match["name"]: match["from"] for match in _ENVIRONMENT.finditer(text)}
    for match in _INDIRECT.finditer(text):
        if match["variable"] in environment:
            found.setdefault(match["name"], environment[match["variable"]])
    return found


def check(name: str, stack: Stack, workflows: Workflows, source: Source, revision: str) -> None:
    """Raise `Unreadable` with the names when a stack's variables come from the host and have no source."""
    paths = [file.path for file in source.files(revision)]
    directory = workflows.directory.rstrip("/") + "/"
    mine = [path for path in paths if path.startswith(directory) and path.endswith((".yml", ".yaml"))]
    texts = _texts(source, revision, mine)
    wanted = {variable: (path, origin) for path, text in texts.items() for variable, origin in handed(text).items()}
    if not wanted:
        return
    root = posixpath.normpath(stack.directory)
    own = _texts(source, revision, [path for path in paths if (posixpath.dirname(path) or ".") == root])
    declared = {
        one for path, text in own.items() if path.endswith((".tf", ".tf.json")) for one in _DECLARED.findall(text)
    }
    missing = sorted((declared & set(wanted)) - set(stack.inputs) - set(stack.variables))
    if missing:
        told = ", ".join(f"{one} ({wanted[one][1]} in {posixpath.basename(wanted[one][0])})" for one in missing)
        raise Unreadable(
            f"variables of stack {name} come from the repository host: {told}",
            f"name a source for each: [stacks.{name}.inputs.{missing[0]}] with parameter, secret or file",
        )


def _texts(source: Source, revision: str, paths: list[str]) -> Mapping[str, str]:
    return {path: content.decode(errors="replace") for path, content in source.read_many(revision, paths).items()}
