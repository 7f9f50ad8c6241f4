"""Rules for secrets: in variables, in variable files, in providers."""

import re
from collections.abc import Iterator
from typing import Any

from dco.model.remark import Remark
from dco.review.configuration import Block, Files, is_expression
from dco.review.root import Root

_SECRET = re.compile(
    r"(?i)(?:^|_)(?:password|passwd|secret|token|credentials?|private_?key|api_?key|access_?key)(?:$|_)"
)
_ONLY_NAMES = re.compile(
    r"(?i)_(?:arns?|ids?|names?|path|parameters?|version|length|ttl|rotation|days|enabled|file|policy)$"
)
_KEY = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")
_RESOURCE = frozenset({"master_password", "password", "secret_string", "auth_token", "token", "secret_key"})


def is_secret(name: str) -> bool:
    """Tell whether a name says that its value is a secret; not so where it only says where one is."""
    return bool(_SECRET.search(name)) and not _ONLY_NAMES.search(name)


def variables(root: Root) -> Iterator[Remark]:
    """Yield `secret-default` and `secret-not-sensitive` of variables, `secret-in-file` of variable files."""
    for block in root.everything:
        if block.kind != "variable" or not block.labels or not is_secret(block.labels[0]):
            continue
        name, default = block.labels[0], block.body.get("default")
        if isinstance(default, str) and default not in {"", "null"} and not is_expression(default):
            what = f"variable {name} has its secret as a default: everybody who reads the repository has it"
            yield Remark(
                rule="secret-default", where=block.place, what=what, remedy="no default; read it from Secrets Manager"
            )
        elif block.body.get("sensitive") is not True:
            what = f"variable {name} is not marked: plans and logs show it"
            yield Remark(rule="secret-not-sensitive", where=block.place, what=what, remedy="sensitive = true")
    for path, given in root.variables.items():
        for name in sorted(name for name, value in given.items() if is_secret(name) and _literal(value)):
            what = f"{name} stands here as it is: everybody who reads the repository has it"
            yield Remark(
                rule="secret-in-file", where=path, what=what, remedy="read it from Secrets Manager, and renew it"
            )


def literals(root: Root) -> Iterator[Remark]:
    """Yield `secret-literal` of resources, providers and backends."""
    for block in root.everything:
        if block.kind == "provider":
            found = [name for name in ("access_key", "secret_key", "token") if _literal(block.body.get(name))]
        elif block.kind == "resource":
            found = [name for name in sorted(_RESOURCE) if _literal(block.body.get(name))]
        else:
            found = []
        for name in found:
            what = f"{block.address} holds its {name} as it is: everybody who reads the repository has it"
            yield Remark(
                rule="secret-literal", where=block.place, what=what, remedy="read it from elsewhere, and renew it"
            )
    if root.backend is not None and any(_literal(root.backend.get(name)) for name in ("access_key", "secret_key")):
        what = "the backend holds a key as it is, which init writes to .terraform besides"
        yield Remark(rule="secret-literal", where=root.directory, what=what, remedy="let it take the usual credentials")


def keys(files: Files) -> Iterator[Remark]:
    """Yield `key-in-text`: something that looks like an access key of AWS, wherever it stands."""
    for path, text in sorted(files.items()):
        for number, line in enumerate(text.splitlines(), 1):
            if (found := _KEY.search(line)) and not found[0].endswith("EXAMPLE"):
                what = f"it looks like an access key ({found[0][:8]}…)"
                yield Remark(rule="key-in-text", where=f"{path}:{number}", what=what, remedy="delete that key at AWS")


def _literal(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and value != "null" and not is_expression(value)


def sensitive(block: Block) -> bool:
    """Tell whether a variable is marked as a secret, or called like one."""
    return block.body.get("sensitive") is True or is_secret(block.labels[0])
