"""What a change of policies grants that was not granted before; IAM's JSON, whatever the attribute is called."""

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from dco.model.canonical import canonical
from dco.plan.paths import row, table

_POLICIES = ("policy", "assume_role_policy", "access_policies", "access_policy", "resource_policy", "key_policy")
_ATTACHED = ("policy_arn", "managed_policy_arns", "policy_arns")
_ATTACHES = ("aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_policy_attachment", "aws_ssoadmin")
_SHOWN = 3


class Grant(NamedTuple):
    """One thing that a policy allows: to whom, what, on what, under which conditions (as canonical JSON)."""

    principal: str
    action: str
    resource: str
    condition: bytes

    def covers(self, other: "Grant") -> bool:
        """Tell whether whoever has this one needs the other no more."""
        pairs = zip(self[:3], other[:3], strict=True)
        wider = all(fnmatch.fnmatchcase(theirs.lower(), mine.lower()) for mine, theirs in pairs)
        return wider and self.condition in {b"{}", other.condition}

    @property
    def is_wild(self) -> bool:
        """Tell whether it is for everybody, or of all actions of a service, or on everything."""
        return self.principal == "*" or self.action.endswith("*") or self.resource == "*"

    def __str__(self) -> str:
        who = "everybody may " if self.principal == "*" else ""
        under = "" if self.condition == b"{}" else " under a condition"
        return f"{who}{self.action} on {self.resource}{under}"


def widened(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a resource's change grants anew, and which refusals it takes back."""
    change, address = resource["change"], resource["address"]
    before, after, unknown = table(change["before"]), table(change["after"]), table(change.get("after_unknown"))
    for attribute in _POLICIES:
        # of most new things a policy is an answer of AWS; where it has to be said, it is what we want to know
        said = bool(before) or attribute == "assume_role_policy" or str(resource["type"]).endswith("_policy")
        if unknown.get(attribute) is True and said:
            yield f"{address} gets a policy that is known only after apply ({attribute})"
        elif after.get(attribute) and after.get(attribute) != before.get(attribute):
            yield from _compared(f"{address}", before.get(attribute), after[attribute])
    for policy in row(after.get("inline_policy")):
        text = table(policy).get("policy")
        same = [table(old).get("policy") for old in row(before.get("inline_policy"))]
        if text and text not in same:
            yield from _compared(f"{address}", next(iter(same), None), text)
    yield from _attached(resource, before, after)


def grants(text: Any) -> tuple[frozenset[Grant], frozenset[bytes]] | None:
    """Return what a policy allows, and what it refuses; None for what is no policy."""
    try:
        document = msgspec.json.decode(text, type=dict[str, Any]) if isinstance(text, str) else table(text)
    except msgspec.DecodeError:
        return None
    statements = document.get("Statement")
    if statements is None:
        return None
    allowed: set[Grant] = set()
    refused: set[bytes] = set()
    for one in row(statements) if isinstance(statements, list) else [statements]:
        statement = table(one)
        if statement.get("Effect") == "Deny":
            refused.add(canonical({key: statement[key] for key in statement if key != "Sid"}))
        else:
            allowed |= set(_granted(statement))
    return frozenset(allowed), frozenset(refused)


def _granted(statement: Mapping[str, Any]) -> Iterator[Grant]:
    condition = canonical(statement.get("Condition") or {})
    for principal in _principals(statement):
        for action in _names(statement, "Action"):
            for resource in _names(statement, "Resource"):
                yield Grant(principal, action, resource, condition)


def _names(statement: Mapping[str, Any], key: str) -> list[str]:
    """Return what a statement names; everything but a few is as good as everything."""
    if f"Not{key}" in statement:
        return ["*"]
    value = statement.get(key, "its own" if key == "Resource" else [])
    return [str(one) for one in (row(value) if isinstance(value, list) else [value])]


def _principals(statement: Mapping[str, Any]) -> list[str]:
    if "NotPrincipal" in statement:
        return ["*"]
    value = statement.get("Principal", "its holder")
    if not isinstance(value, dict):
        return [str(value)]
    named = [one for group in table(value).values() for one in (row(group) if isinstance(group, list) else [group])]
    return [str(one) for one in named]


def _compared(address: str, before: Any, after: Any) -> Iterator[str]:
    new = grants(after)
    if new is None:
        yield f"{address} gets a policy that dco can't read"
        return
    old = grants(before) or (frozenset[Grant](), frozenset[bytes]())
    more = sorted(one for one in new[0] if not any(other.covers(one) for other in old[0]))
    wild = [str(one) for one in more if one.is_wild]
    if wild:
        yield f"{address} grants with a wildcard: {_some(wild)}"
    if before and (plain := [str(one) for one in more if not one.is_wild]):
        yield f"{address} grants more than before: {_some(plain)}"
    if old[1] - new[1]:
        yield f"{address} takes back a Deny"


def _attached(resource: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if not str(resource["type"]).startswith(_ATTACHES):
        return
    for attribute in _ATTACHED:
        value, old = after.get(attribute), before.get(attribute)
        new = [str(one) for one in (row(value) if isinstance(value, list) else [value] if value else [])]
        known = [str(one) for one in (row(old) if isinstance(old, list) else [old])]
        if more := sorted(set(new) - set(known)):
            yield f"{resource['address']} attaches {_some(more)}"
    if before.get("permissions_boundary") and not after.get("permissions_boundary") and after:
        yield f"{resource['address']} loses its permissions boundary"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return "; ".join(names[:_SHOWN]) + more
