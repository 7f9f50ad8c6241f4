"""Source `end_of_life`: what runs against the day on which its support ends.

What runs is read from base images (Node.js, Python, Amazon Linux), the slots of the databases (Neo4j) and `runs` in
dco.toml. The days come from a dated table; when that is too old, or does not list a line, the answer is `unknown`.

Access: ssm:GetParameter of the slots; no network. Cost: none.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from dco.detect.base_images import BaseImage, base_images
from dco.detect.lifetimes import Lifetimes, parse, shipped
from dco.detect.telling import unread
from dco.model.change import Action, Change, Status
from dco.model.environment import Environment
from dco.model.errors import DcoError, Unreadable
from dco.model.watching import EndOfLife
from dco.seams.parameters import Parameters
from dco.seams.source import Source

_SOURCE = "end_of_life"
_PRODUCTS = {"node": "nodejs", "python": "python", "amazonlinux": "amazon-linux", "neo4j": "neo4j"}
"""Last part of a base image's name → product."""
_VERSION = re.compile(r"\d+(?:\.\d+)*")


class Use(msgspec.Struct, frozen=True, order=True):
    """A product that runs, in a version, and where that was read."""

    product: str
    version: str
    where: str

    @property
    def component(self) -> str:
        """What changes about it are called."""
        return f"runtime:{self.product} {self.version}".strip()


class _Slot(msgspec.Struct):
    version: str


def detect(
    environment: Environment, wish: EndOfLife, source: Source, revision: str, parameters: Parameters, now: str
) -> tuple[Change, ...]:
    """Judge everything that runs. Raises `ConfigurationError` for a table that can't be read."""
    table = parse(source.read(revision, wish.table).decode(errors="replace"), wish.table) if wish.table else shipped()
    uses: dict[str, Use] = {}
    found: list[Change] = []
    for use in _uses(environment, wish, source, revision, parameters):
        if isinstance(use, Use):
            uses.setdefault(use.component, use)
        else:
            found.append(use)
    today = date.fromisoformat(now[:10])
    found += [decide(use, table, today, wish.warn_days) for use in sorted(uses.values())]
    return tuple(found) or (_nothing(),)


def decide(use: Use, table: Lifetimes, today: date, warn_days: float) -> Change:
    """Judge one product in one version."""
    if (stale := table.too_old(today)) is not None:
        return unread(_SOURCE, use.component, stale, use.version)
    line = table.line_of(use.product, use.version)
    if line is None:
        what = f"the table of ends of support does not list {use.product} {use.version}".rstrip()
        unlisted = Unreadable(what, "name its version, or renew the table: `dco lifetimes --renew`")
        return unread(_SOURCE, use.component, unlisted, use.version)
    end = table.products[use.product][line]
    if end is None:
        return _said(use, Status.UNCHANGED, Action.NONE, "no end of its support is announced", table)
    left = (end - today).days
    if left < 0:
        return _said(use, Status.CHANGED, Action.APPROVE, f"its support ended on {end}: move to a newer line", table)
    if left <= warn_days:
        return _said(use, Status.CHANGED, Action.NONE, f"its support ends on {end}, in {left} days", table)
    return _said(use, Status.UNCHANGED, Action.NONE, f"it is supported until {end}", table)


def _uses(
    environment: Environment, wish: EndOfLife, source: Source, revision: str, parameters: Parameters
) -> Iterator[Use | Change]:
    """Yield what runs; what could not be read as the change that says so."""
    yield from (Use(product, version, "dco.toml") for product, version in wish.runs.items())
    for name, database in environment.databases.items():
        try:
            slot = msgspec.json.decode(parameters.get(database.slot) or "{}", type=_Slot)
            yield Use("neo4j", slot.version, database.slot)
        except (DcoError, msgspec.DecodeError) as error:
            known = error if isinstance(error, DcoError) else Unreadable(f"its slot {database.slot} names no version")
            yield unread(_SOURCE, f"runtime:neo4j of {name}", known)
    for name, application in environment.applications.items():
        try:
            text = source.read(revision, application.dockerfile).decode(errors="replace")
            images = base_images(text, application.dockerfile, application.target)
            yield from _of_images(images, application.dockerfile)
        except DcoError as error:
            yield unread(_SOURCE, f"runtime:base image of {name}", error)


def _of_images(images: Iterable[BaseImage], where: str) -> Iterable[Use]:
    for image in images:
        if image.name in _PRODUCTS:
            match = _VERSION.match(image.tag)
            yield Use(_PRODUCTS[image.name], match[0] if match else "", where)


def _said(use: Use, status: Status, action: Action, reason: str, table: Lifetimes) -> Change:
    return Change(
        source=_SOURCE,
        component=use.component,
        status=status,
        action=action,
        reason=reason,
        current=use.version,
        evidence=(f"read from {use.where}", f"table of {table.checked}"),
    )


def _nothing() -> Change:
    reason = "nothing of what runs here is in the table"
    return Change(source=_SOURCE, component="runtime:all", status=Status.UNCHANGED, reason=reason)
