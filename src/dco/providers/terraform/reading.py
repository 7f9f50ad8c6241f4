"""Plan JSON → `StackPlan`: what would change, with every sensitive value masked before it leaves this package."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from dco.model.canonical import fingerprint
from dco.model.errors import DcoError, Unreadable
from dco.providers.terraform.origins import Origins
from dco.seams.stacks import StackPlan

MASK = "(sensitive)"
MASK_CHANGED = "(sensitive, changes)"
_FORMAT = "1"
"""Minor versions only add to it, as Terraform promises."""
_TELLING = 4
"""Shorter texts ("1", "on") are no secret to look for elsewhere."""
_PLAIN = ("address", "previous_address", "module_address", "mode", "type", "name", "index", "deposed", "action_reason")


def read_plan(shown: Mapping[str, Any], file: str, serial: int, secrets: frozenset[str] = frozenset()) -> StackPlan:
    """Return a plan's value from what `show -json` says of it.

    `secrets` are texts that are masked wherever they stand. Raises `DcoError` for a format that we don't know,
    `Unreadable` for a plan that ended early.
    """
    _check(shown)
    origins = Origins(shown.get("configuration", {}))
    known = frozenset(text for text in secrets if len(text) >= _TELLING)
    shown = _scrubbed(shown, known | frozenset(_secrets(shown)))
    found = [change for change in shown.get("resource_changes", ()) if _does_something(change)]
    changes = tuple(_masked(change) | origins.of(change["address"]) for change in found)
    outputs = {name: _masked_change(change) for name, change in shown.get("output_changes", {}).items()}
    telling = {name: change for name, change in outputs.items() if change["actions"] != ["no-op"]}
    return StackPlan(
        changed=bool(changes or telling),
        file=file,
        serial=serial,
        resource_changes=changes,
        drift=tuple(_masked(change) for change in shown.get("resource_drift", ())),
        data_sources=_data_sources(shown),
        deferred=len(shown.get("deferred_changes", ())),
        meaning=fingerprint((_meanings(changes), {name: change["after"] for name, change in telling.items()})),
    )


def _check(shown: Mapping[str, Any]) -> None:
    version = str(shown.get("format_version", "1.0"))
    if version.partition(".")[0] != _FORMAT:
        raise DcoError(
            f"the plan is in format {version}, dco reads {_FORMAT}.x: what it would do can't be told",
            "plan with a Terraform that dco knows, or look for a newer dco",
        )
    if shown.get("errored"):
        raise Unreadable("Terraform ended the plan early: it is not whole", "run terraform plan by hand to see why")


def _meanings(changes: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Return what changes would bring about, without what they start from.

    What was rolled back is planned again under other revision numbers and times: it must be recognised as the same.
    """
    found: list[Any] = []
    for resource in changes:
        change = resource["change"]
        before, after, unknown = _table(change["before"]), _table(change["after"]), _table(change["after_unknown"])
        news = {key: value for key, value in after.items() if before.get(key) != value}
        learnt = sorted(key for key, value in unknown.items() if value is True and key not in before)
        moved = resource.get("previous_address")
        found.append([resource["address"], moved, change["actions"], change.get("replace_paths"), news, learnt])
    return found


def _does_something(resource: Mapping[str, Any]) -> bool:
    """Reading a data source changes nothing; a move or an import does, though its action is a no-op."""
    change = resource["change"]
    if resource.get("mode") == "data":
        return False
    return change["actions"] != ["no-op"] or "previous_address" in resource or "importing" in change


def _masked(resource: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: resource[key] for key in _PLAIN if key in resource}
    return kept | {"change": _masked_change(resource["change"])}


def _masked_change(change: Mapping[str, Any]) -> dict[str, Any]:
    """Keep actions, values and what forces a replacement; a sensitive value is shown only as changing or not."""
    before, after = change.get("before"), change.get("after")
    marks = merge(change.get("before_sensitive", False), change.get("after_sensitive", False))
    kept = {key: change[key] for key in ("actions", "replace_paths", "importing") if key in change}
    return kept | {
        "before": mask(before, marks, before),
        "after": mask(after, marks, before),
        "after_unknown": change.get("after_unknown", False),
    }


def mask(value: Any, marks: Any, before: Any) -> Any:
    """Replace what `marks` (Terraform's shape: true, or marks below keys and positions) calls sensitive."""
    if marks is True:
        return MASK if value == before else MASK_CHANGED
    if isinstance(marks, dict) and isinstance(value, dict):
        signs, below = _table(marks), _table(before)
        return {key: mask(item, signs.get(key, False), below.get(key)) for key, item in _table(value).items()}
    if isinstance(marks, list) and isinstance(value, list):
        items = _row(value)
        columns = zip(items, _padded(marks, len(items), False), _padded(before, len(items), None), strict=True)
        return [mask(item, sign, earlier) for item, sign, earlier in columns]
    return value


def merge(one: Any, other: Any) -> Any:
    """Return marks that hold wherever either holds."""
    if one is True or other is True:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        left, right = _table(one), _table(other)
        return {key: merge(left.get(key, False), right.get(key, False)) for key in {**left, **right}}
    if isinstance(one, list) and isinstance(other, list):
        longest = max(len(_row(one)), len(_row(other)))
        pairs = zip(_padded(one, longest, False), _padded(other, longest, False), strict=True)
        return [merge(a, b) for a, b in pairs]
    return cast("Any", one or other)


def _secrets(shown: Mapping[str, Any]) -> Iterable[str]:
    """Yield every text that the plan calls sensitive somewhere: providers copy them to where no mark stands."""
    resources = [*shown.get("resource_changes", ()), *shown.get("resource_drift", ())]
    changes = [resource["change"] for resource in resources] + list(shown.get("output_changes", {}).values())
    for change in changes:
        for side in ("before", "after"):
            yield from _marked(change.get(side), change.get(f"{side}_sensitive", False))


def _marked(value: Any, marks: Any) -> Iterable[str]:
    if marks is True:
        yield from (text for text in _texts(value) if len(text) >= _TELLING)
    elif isinstance(marks, dict):
        for key, item in _table(value).items():
            yield from _marked(item, _table(marks).get(key, False))
    elif isinstance(marks, list):
        for item, sign in zip(_row(value), _padded(marks, len(_row(value)), False), strict=True):
            yield from _marked(item, sign)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    for item in [*_table(value).values(), *_row(value)]:
        yield from _texts(item)


def _scrubbed(value: Any, secrets: frozenset[str]) -> Any:
    """Mask unmarked copies. Marked places are left for `mask`, which still has to see whether they change."""
    if not secrets:
        return value
    if isinstance(value, dict):
        table = _table(value)
        marked = {key.removesuffix("_sensitive") for key in table if key.endswith("_sensitive")}
        return {
            key: _scrub_beside(item, table[f"{key}_sensitive"], secrets) if key in marked else _scrubbed(item, secrets)
            for key, item in table.items()
        }
    if isinstance(value, list):
        return [_scrubbed(item, secrets) for item in _row(value)]
    return MASK if isinstance(value, str) and value in secrets else value


def _scrub_beside(value: Any, marks: Any, secrets: frozenset[str]) -> Any:
    """Mask copies in a value's unmarked parts."""
    if marks is True:
        return value
    if isinstance(value, dict):
        signs = _table(marks)
        return {key: _scrub_beside(item, signs.get(key, False), secrets) for key, item in _table(value).items()}
    if isinstance(value, list):
        row = _row(value)
        pairs = zip(row, _padded(marks, len(row), False), strict=True)
        return [_scrub_beside(item, sign, secrets) for item, sign in pairs]
    return _scrubbed(value, secrets)


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _row(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _padded(value: Any, length: int, filler: Any) -> list[Any]:
    row = _row(value)[:length]
    return [*row, *([filler] * (length - len(row)))]


def _data_sources(shown: Mapping[str, Any]) -> dict[str, str]:
    root = shown.get("prior_state", {}).get("values", {}).get("root_module", {})
    found = {
        resource["address"]: fingerprint(mask(resource["values"], resource.get("sensitive_values", False), None))
        for resource in _resources(root)
        if resource.get("mode") == "data"
    }
    return dict(sorted(found.items()))


def _resources(module: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)
