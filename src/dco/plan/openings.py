"""What a stack plan opens to everybody, and which protections it takes away; each is shown and needs a person."""

import fnmatch
import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dco.model.holding import PROTECTIONS
from dco.plan.paths import leaves, row, table
from dco.plan.permissions import widened

_WIDE_V4, _WIDE_V6 = 8, 32
_INGRESS = ("aws_security_group_rule", "aws_vpc_security_group_ingress_rule", "aws_security_group", "aws_default_*")
_SOURCES = ("cidr_ipv4", "cidr_ipv6", "cidr_blocks", "ipv6_cidr_blocks")
_WHEN_CREATED = frozenset({"publicly_accessible", "encrypted", "storage_encrypted", "endpoint_public_access"})
"""What is told of a new resource, too: the rest is what the review of the configuration is for."""
_WORDS: Mapping[str, tuple[str, ...]] = {
    "acl": ("public-read", "public-read-write", "authenticated-read"),
    "authorization_type": ("NONE",),
    "principal": ("*",),
    "status": ("Suspended",),
}
"""Attribute → the words that open something or end a protection."""
_KEPT = (
    "retention_in_days", "backup_retention_period", "message_retention_seconds", "deletion_window_in_days",
    "snapshot_retention_limit", "recovery_window_in_days", "retention_period", "automated_snapshot_retention_period",
)  # fmt: skip
"""How long something is kept."""
_EXPIRES = ("aws_s3_bucket_lifecycle_configuration", "aws_ecr_lifecycle_policy")


def openings(resource: Mapping[str, Any]) -> Iterable[str]:
    """Yield what a change opens, or which protection it takes away, each as a sentence."""
    change = resource["change"]
    before, after = table(change["before"]), table(change["after"])
    if not after:
        return
    yield from _ingress(resource, before, after)
    yield from _protections(str(resource["address"]), change, before, after)
    yield from _words(str(resource["address"]), before, after)
    yield from _shorter(str(resource["address"]), before, after)
    yield from _expiry(resource, before, after)
    yield from widened(resource)
    if resource["type"] in {"aws_lb", "aws_alb"} and before.get("internal") is True and after.get("internal") is False:
        yield f"{resource['address']} becomes reachable from outside"


def _ingress(resource: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    kind, address = str(resource["type"]), resource["address"]
    if after.get("type") == "egress" or not any(fnmatch.fnmatchcase(kind, each) for each in _INGRESS):
        return
    if opened := _open(after) - _open(before):
        yield f"{address} lets everybody in ({', '.join(sorted(opened))})"
    unknown = [path for path, value in leaves(resource["change"].get("after_unknown")) if value is True]
    # of a new group Terraform says that of rules that it does not have at all
    if untold := sorted({path[-1] for path in unknown if path[-1] in _SOURCES or (path == ("ingress",) and before)}):
        yield f"{address} lets in what is known only after apply ({', '.join(untold)})"


def _open(values: Mapping[str, Any]) -> set[str]:
    """Return the addresses of everybody among the sources of ingress, each with its ports."""
    ingress = values.get("ingress")
    rules = [table(rule) for rule in row(ingress)] if isinstance(ingress, list) else [values]
    found: set[str] = set()
    for rule in rules:
        sources = [rule.get("cidr_ipv4"), rule.get("cidr_ipv6")]
        sources += row(rule.get("cidr_blocks")) + row(rule.get("ipv6_cidr_blocks"))
        ports = f"{rule.get('from_port', '')}-{rule.get('to_port', '')}"
        protocol = rule.get("protocol", rule.get("ip_protocol"))
        every = "all ports" if str(protocol) == "-1" else f"ports {ports}"
        found |= {f"{source} {every}" for source in sources if isinstance(source, str) and _is_everybody(source)}
    return found


def _is_everybody(source: str) -> bool:
    """Tell whether a range is so wide that it stands for everybody: half of the internet is no narrowing."""
    try:
        network = ipaddress.ip_network(source, strict=False)
    except ValueError:
        return False
    widest = _WIDE_V4 if network.version == 4 else _WIDE_V6  # noqa: PLR2004  # IPv4
    return network.prefixlen < widest


def _protections(
    address: str, change: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterable[str]:
    known = {path for path, value in leaves(change.get("after_unknown")) if value is True}
    was, becomes = _safety(before), _safety(after)
    for path, (safe, unsafe) in becomes.items():
        attribute = path[-1]
        wanted = PROTECTIONS[attribute]
        if not before:
            if unsafe and attribute in _WHEN_CREATED:
                yield f"{address} is created without a protection: {'.'.join(path)} is {str(not wanted).lower()}"
        elif path not in known and unsafe > was.get(path, (0, 0))[1] and safe <= was.get(path, (0, 0))[0]:
            yield f"{address} loses a protection: {'.'.join(path)} becomes {str(not wanted).lower()}"
    for path, (safe, _) in was.items():
        if safe and PROTECTIONS[path[-1]] is True and path not in becomes and path not in known:
            yield f"{address} loses a protection: {'.'.join(path)} is not set any more"


def _safety(values: Mapping[str, Any]) -> dict[tuple[str, ...], tuple[int, int]]:
    """Return attribute's path → how often it protects, and how often not; nothing said is the provider's default."""
    safe: Counter[tuple[str, ...]] = Counter()
    unsafe: Counter[tuple[str, ...]] = Counter()
    for path, value in leaves(values):
        wanted = PROTECTIONS.get(path[-1]) if path else None
        if wanted is None:
            continue
        said = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
        (safe if (said is wanted or (said is None and wanted is False)) else unsafe)[path] += 1
    return {path: (safe[path], unsafe[path]) for path in (*safe, *unsafe)}


def _words(address: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    had = Counter(leaves_of(before))
    for (attribute, word), count in Counter(leaves_of(after)).items():
        if count > had[attribute, word]:
            yield f"{address} opens something or ends a protection: {attribute} becomes {word}"


def leaves_of(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield attribute and value of all that opens something by a word."""
    for path, value in leaves(values):
        if path and isinstance(value, str) and value in _WORDS.get(path[-1], ()):
            yield path[-1], value


def _shorter(address: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is kept for a shorter time: that deletes data without destroying anything."""
    for attribute in _KEPT:
        old, new = before.get(attribute), after.get(attribute)
        if (
            isinstance(old, int | float)
            and isinstance(new, int | float)
            and _days(attribute, new) < _days(attribute, old)
        ):
            yield f"{address} keeps what it holds for a shorter time: {attribute} {old} → {new}"


def _days(attribute: str, said: float) -> float:
    """Return how long something is kept; 0 days of a log are for ever."""
    return float("inf") if attribute == "retention_in_days" and said == 0 else said


def _expiry(resource: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    kind, address = resource["type"], resource["address"]
    if kind in _EXPIRES and any(before.get(key) != after.get(key) for key in ("rule", "policy")):
        yield f"{address} decides what is deleted by age: look at its rules"
    ttl = [table(one) for one in row(after.get("ttl"))]
    if (
        kind == "aws_dynamodb_table"
        and any(one.get("enabled") for one in ttl)
        and before.get("ttl") != after.get("ttl")
    ):
        yield f"{address} begins to delete items by age (ttl)"
