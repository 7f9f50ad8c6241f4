"""What a resource opens or leaves unprotected that it did not before, read from its configuration."""

import fnmatch
from collections.abc import Iterator

from dco.detect.hcl.syntax import Block
from dco.detect.stack_tree import every
from dco.model.holding import PROTECTIONS

_EVERYBODY = ('"0.0.0.0/0"', '"::/0"')
_RULES = ("aws_security_group_rule", "aws_vpc_security_group_ingress_rule")
_POLICIES = ("aws_iam_*policy*", "aws_iam_role", "*_policy", "aws_kms_key", "aws_s3_bucket_policy")


def opened(before: Block | None, after: Block) -> Iterator[str]:
    """Yield what is open or unprotected now; `before` is None for what is new."""
    kind = after.labels[0]
    if _public(after) > (_public(before) if before else 0):
        yield "lets everybody in"
    if any(fnmatch.fnmatchcase(kind, each) for each in _POLICIES):
        wide = [sum(value.text.count('"*"') for value in every(block)) if block else 0 for block in (before, after)]
        if wide[1] > wide[0]:
            yield 'grants "*" to more than it did'
    for name, safe in PROTECTIONS.items():
        unsafe = {"true": "false", "false": "true"}.get(str(safe).lower(), "")
        now, former = (_literals(block, name) if block else set[str]() for block in (after, before))
        if unsafe in now - former and (before is not None or name in {"publicly_accessible", "encrypted"}):
            yield f"loses a protection: {name} is {unsafe}"
        elif before is not None and str(safe).lower() in former and not now and safe is True:
            yield f"loses a protection: {name} is not set any more"


def _public(block: Block) -> int:
    """Count how often everybody is let in."""
    kind = block.labels[0] if block.labels else ""
    if kind in _RULES:
        direction = block.attributes.get("type")
        egress = direction is not None and "egress" in direction.text
        return 0 if egress else _everybody(block)
    if kind in {"aws_security_group", "aws_default_security_group"}:
        inner = [each for each in block.blocks if "ingress" in (each.kind, *each.labels)]
        listed = block.attributes.get("ingress")
        return sum(map(_everybody, inner)) + (sum(map(listed.text.count, _EVERYBODY)) if listed else 0)
    return 0


def _everybody(block: Block) -> int:
    return sum(value.text.count(each) for value in every(block) for each in _EVERYBODY)


def _literals(block: Block, name: str) -> set[str]:
    found = {block.attributes[name].text} if name in block.attributes else set[str]()
    return found.union(*(_literals(inner, name) for inner in block.blocks))
