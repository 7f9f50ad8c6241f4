"""A night retold from its records: what was found, why the plan, who agreed, what was done, how it ended."""

from collections.abc import Iterable, Sequence

from dco.model.journal import Entry
from dco.model.outcome import Report
from dco.model.plan import Plan

_CHAPTERS = {
    "found": "What was found",
    "planned": "What was planned, and why",
    "approval": "Who agreed",
    "step": "What was done",
    "undone": "What was taken back",
    "verified": "What was proved",
    "ended": "How it ended",
}
_CHAPTER_OF = {"detected": "found", "done": "step", "person": "approval"}
"""Kinds of entry that belong to another one's chapter."""


def tell(night: str, entries: Iterable[Entry], plan: Plan | None, report: Report | None) -> tuple[str, ...]:
    """Return a night's story as lines, a chapter a kind; empty when nothing is known of it.

    The plan's own reasons stand for the journal's short sentence of it, the report for the journal's last.
    """
    lines: list[str] = []
    chapter = ""
    for entry in entries:
        if entry.night != night or entry.kind == "ended":
            continue
        heading = _CHAPTERS.get(_CHAPTER_OF.get(entry.kind, entry.kind), "")
        if heading and heading != chapter:
            chapter = heading
            lines.append(f"{heading}:")
        lines += _said(entry)
        if entry.kind == "planned" and plan is not None:
            lines += _reasons(plan)
    return (*lines, *_end(report, begun=bool(lines)))


def _said(entry: Entry) -> Sequence[str]:
    head, *rest = entry.sentence.splitlines() or [""]
    return [f"  {entry.at[11:19]}  {head}", *(f"            {line}" for line in rest)]


def _reasons(plan: Plan) -> Sequence[str]:
    return [f"            {step.name}, because {step.reason}" for step in plan.steps]


def _end(report: Report | None, *, begun: bool) -> Sequence[str]:
    if report is None:
        return ("It has not ended.",) if begun else ()
    lines = [f"{_CHAPTERS['ended']}:", f"  {report.ended[11:19]}  {report.outcome}: {report.sentence.splitlines()[0]}"]
    lines += [f"            {line}" for line in (*report.sentence.splitlines()[1:], *report.remedy.splitlines())]
    lines += [f"            {name} serves {image[:19]}" for name, image in report.serves.items()]
    return lines
