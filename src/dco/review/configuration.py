"""Terraform configuration as blocks with their places, for the rules that look at it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from dco.detect.hcl.words import without_comments
from dco.model.errors import ConfigurationError

Files = Mapping[str, str]
"""Path → text."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A top-level block: `resource`, `data`, `variable`, `module`, `provider`, `terraform` and the like."""

    kind: str
    labels: tuple[str, ...]
    body: dict[str, Any]
    path: str
    line: int

    @property
    def address(self) -> str:
        """How Terraform names it: `aws_s3_bucket.b`, `data.aws_ami.a`, `variable.password`."""
        return ".".join(self.labels if self.kind == "resource" else (self.kind, *self.labels))

    @property
    def place(self) -> str:
        """Where it begins."""
        return f"{self.path}:{self.line}" if self.line else self.path

    def inner(self, name: str) -> list[dict[str, Any]]:
        """Return the nested blocks of a name."""
        found = self.body.get(name)
        return [one for one in cast("list[Any]", found) if isinstance(one, dict)] if isinstance(found, list) else []


def blocks(path: str, text: str) -> tuple[Block, ...]:
    """Return the blocks of a `.tf` or `.tf.json` file. Raises `ConfigurationError` with file and line."""
    parsed = _of_json(path, text) if path.endswith(".json") else _of_hcl(path, text)
    return tuple(msgspec.structs.replace(block, line=_line(text, block)) for block in _blocks(path, parsed))


def values(path: str, text: str) -> dict[str, Any]:
    """Return the values of a `.tfvars` or `.tfbackend` file. Raises `ConfigurationError` with file and line."""
    parsed = _of_json(path, text) if path.endswith(".json") else _of_hcl(path, text)
    return {name: plain(value) for name, value in parsed.items() if not name.startswith("__")}


def plain(value: Any) -> Any:
    """Return a value without the parser's quotes and marks: `"${var.x}"` for expressions, tables and lists within."""
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {_bare(key): plain(item) for key, item in table.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    return _bare(value) if isinstance(value, str) else value


def table(value: Any) -> dict[str, Any]:
    """Return a value that is a table; an empty one for everything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def row(value: Any) -> list[Any]:
    """Return a value as a list: of itself where it is none."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def is_expression(value: Any) -> bool:
    """Tell whether a value is computed, so that a file alone does not say what it is."""
    return isinstance(value, str) and "${" in value


def _line(text: str, block: Block) -> int:
    """Return where a block begins: the parser does not tell. 0 when that can't be found, as in JSON."""
    names = r"[ \t]+".join(rf'"?{re.escape(name)}"?' for name in (block.kind, *block.labels))
    found = re.search(rf"^[ \t]*{names}\s*\{{", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def _bare(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _of_json(path: str, text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path}: not valid JSON: {error}", f"correct {path}") from None


def _of_hcl(path: str, text: str) -> dict[str, Any]:
    import hcl2  # noqa: PLC0415  # half a second to load
    from hcl2.utils import SerializationOptions  # noqa: PLC0415
    from lark.exceptions import LarkError  # noqa: PLC0415

    try:
        options = SerializationOptions(with_comments=False)
        return cast("Any", hcl2).loads(without_comments(text) + "\n", serialization_options=options)
    except LarkError as error:
        line = min(int(getattr(error, "line", 0) or 1), text.count("\n") + 1)
        raise ConfigurationError(f"{path}:{line}: not valid HCL", f"correct {path}") from None


_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "variable": 1, "module": 1, "output": 1, "provider": 1, "check": 1}


def _blocks(path: str, parsed: Mapping[str, Any]) -> Iterator[Block]:
    for kind, bodies in parsed.items():
        if not kind.startswith("__"):
            for body in cast("list[Any]", bodies) if isinstance(bodies, list) else [bodies]:
                yield from _labelled(path, kind, (), body, _LABELS.get(kind, 0))


def _labelled(path: str, kind: str, labels: tuple[str, ...], body: Any, left: int) -> Iterator[Block]:
    if not isinstance(body, dict):
        if isinstance(body, list):
            for one in cast("list[Any]", body):
                yield from _labelled(path, kind, labels, one, left)
        return
    table = cast("dict[str, Any]", body)
    if not left:
        yield Block(kind=kind, labels=labels, body=plain(table), path=path, line=0)
        return
    for label, inner in table.items():
        if not label.startswith("__"):
            yield from _labelled(path, kind, (*labels, _bare(label)), inner, left - 1)
