"""Comparisons between what was asked and what is, so that only a real difference shows as drift."""

import json
from typing import Any

from dco_sandbox.provider.schema import TEXT_SET, Attribute, Block, complete
from dco_sandbox.provider.wire import Values, holds_unknown

EMPTY: tuple[Any, ...] = (None, "", [], {})


def same(attribute: Attribute, left: Any, right: Any) -> bool:
    """Tell whether two values of an attribute mean the same. Unknown is never the same as anything."""
    if holds_unknown(left) or holds_unknown(right):
        return False
    if left in EMPTY or right in EMPTY:
        return left in EMPTY and right in EMPTY
    if attribute.same is not None:
        return attribute.same(left, right)
    if attribute.type == TEXT_SET:
        return sorted(map(str, left)) == sorted(map(str, right))
    return bool(left == right)


def same_json(left: str, right: str) -> bool:
    """Tell whether two JSON documents are equal, whatever their spaces and order of keys."""
    try:
        return bool(_unlisted(json.loads(left)) == _unlisted(json.loads(right)))
    except ValueError:
        return left == right


def _unlisted(value: Any) -> Any:
    # IAM reads a list of one as its only element, and gives it back so.
    if isinstance(value, dict):
        return {k: _unlisted(v) for k, v in value.items()}
    if isinstance(value, list):
        return _unlisted(value[0]) if len(value) == 1 else [_unlisted(v) for v in value]
    return value


def same_blocks(block: Block, left: list[Values], right: list[Values]) -> bool:
    """Tell whether two lists of blocks mean the same; a set's order does not count."""
    if len(left) != len(right):
        return False
    if not block.as_set:
        return all(_same_block(block, a, b) for a, b in zip(left, right, strict=True))
    rest = list(right)
    for each in left:
        found = next((i for i, other in enumerate(rest) if _same_block(block, each, other)), None)
        if found is None:
            return False
        del rest[found]
    return True


def _same_block(block: Block, left: Values, right: Values) -> bool:
    return all(same(a, _filled(a, left.get(a.name)), _filled(a, right.get(a.name))) for a in block.attributes) and all(
        same_blocks(b, left.get(b.name) or [], right.get(b.name) or []) for b in block.blocks
    )


def _filled(attribute: Attribute, value: Any) -> Any:
    return attribute.default if value is None else value


def settle(attributes: tuple[Attribute, ...], blocks: tuple[Block, ...], asked: Values, real: Values) -> Values:
    """Lay what is real over what was asked: a key not in `real` stays, what means the same stays as it was put."""
    settled = complete(attributes, blocks, asked)
    for attribute in attributes:
        if attribute.name in real and not same(attribute, settled[attribute.name], real[attribute.name]):
            settled[attribute.name] = real[attribute.name]
    for block in blocks:
        if block.name not in real:
            continue
        found = [_plain(block, each) for each in real[block.name]]
        if holds_unknown(settled[block.name]) or not same_blocks(block, settled[block.name], found):
            settled[block.name] = found
    return settled


def _plain(block: Block, values: Values) -> Values:
    """Give a block as AWS tells it, null where the value is what null would have meant."""
    whole = complete(block.attributes, block.blocks, values)
    for attribute in block.attributes:
        if attribute.default is not None and whole[attribute.name] == attribute.default:
            whole[attribute.name] = None
    for inner in block.blocks:
        whole[inner.name] = [_plain(inner, each) for each in whole[inner.name]]
    return whole
