"""Tells a verdict to a person."""

from dco_stream.compare.reading import Subject
from dco_stream.compare.verdict import Compared, Difference, Gap, Verdict
from dco_stream.state import iso

MOST_GAPS = 10


def lines(verdict: Verdict) -> list[str]:
    """Tell how two databases were compared, what differs, and until when that may be relied on."""
    a, b = verdict.a, verdict.b
    told = [f"{a.name} and {b.name} {_what(verdict)}", *(_side(*side) for side in (("A", a), ("B", b)))]
    told += [f"  NG {_gap(gap)}" for gap in verdict.gaps[:MOST_GAPS]]
    if len(verdict.gaps) > MOST_GAPS:
        told.append(f"  NG and {len(verdict.gaps) - MOST_GAPS} more sums: --json tells all")
    told += [f"  NG {_difference(one)}" for one in verdict.differences]
    told += [
        f"  OK invariant {one.name}" if one.holds else f"  NG invariant {one.name}: it {one.trouble}"
        for one in verdict.invariants
    ]
    if verdict.doubles:
        told.append(f"  {verdict.doubles:,} nodes can't be told from another, neither by themselves nor by neighbours")
    if not verdict.settled:
        told.append(f"  more than {verdict.rounds} steps away nothing was compared for nodes that look the same")
    return [
        *told,
        f"  compared at {iso(verdict.compared_at)} in {verdict.seconds} s; good until {iso(verdict.expires_at)}",
    ]


def _what(verdict: Verdict) -> str:
    where = "" if verdict.transaction is None else f" at transaction {verdict.transaction}"
    return f"hold the same{where}" if verdict.equal else f"differ{where}"


def _side(letter: str, side: Compared) -> str:
    quiet = {True: ", fenced", False: ", not fenced", None: ""}[side.fenced]
    by = "by its plugin" if side.method == "plugin" else "over Bolt"
    return (
        f"  {letter}: {side.database} at {side.uri}, Neo4j {side.version}{quiet}: "
        f"{side.nodes:,} nodes and {side.relationships:,} relationships, read {by}"
    )


def _gap(gap: Gap) -> str:
    counts = f"{gap.a:,} in A, {gap.b:,} in B" if gap.a != gap.b else f"{gap.a:,} on both sides, not the same"
    return f"{_subject(gap.subject)}: {counts}"


def _subject(subject: Subject) -> str:
    name = f":{subject.name}" if subject.name else "without a label"
    return f"{subject.kind} {name}{'.' if subject.key else ''}{subject.key}"


def _difference(one: Difference) -> str:
    if one.a is None or one.b is None:
        side, text = ("A", one.a) if one.b is None else ("B", one.b)
        return f"{one.kind} only in {side}: {text}" + (f" ({one.detail})" if one.detail else "")
    return f"{one.kind} {one.a}: {one.detail}" + ("" if one.a == one.b else f"; in B {one.b}")
