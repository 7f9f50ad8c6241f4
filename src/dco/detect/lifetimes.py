"""The dated table of ends of support: reading it, and writing it anew.

    checked = 2026-11-23        # when somebody looked
    [nodejs]                    # product
    "22" = 2027-04-30           # release line → the day its support ends, false where none is announced

A version belongs to the longest line that it begins with. A table that is too old is no knowledge any more.
"""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from importlib import resources
from typing import Any, cast

import msgspec

from dco.model.errors import ConfigurationError, Unreadable

FRESH_DAYS = 90


class Lifetimes(msgspec.Struct, frozen=True, kw_only=True):
    """When it was checked, and of each product each line's end of support, None where none is announced."""

    checked: date
    products: Mapping[str, Mapping[str, date | None]]

    def line_of(self, product: str, version: str) -> str | None:
        """Return the release line that a version belongs to; None for one that is not listed."""
        lines = self.products.get(product, {})
        fits = [line for line in lines if version == line or version.startswith(f"{line}.")]
        return max(fits, key=len, default=None)

    def too_old(self, today: date) -> Unreadable | None:
        """Return why the table can't be relied on; None while it can."""
        if (today - self.checked).days <= FRESH_DAYS:
            return None
        what = f"the table of ends of support was checked on {self.checked}, more than {FRESH_DAYS} days ago"
        return Unreadable(what, "renew it: `dco lifetimes --renew`")


def shipped() -> Lifetimes:
    """Return the table that came with this release."""
    return parse(resources.files("dco.detect").joinpath("lifetimes.toml").read_text(encoding="utf-8"), "lifetimes.toml")


def parse(text: str, path: str) -> Lifetimes:
    """Return what a table says. Raises `ConfigurationError` naming the file and what is wrong."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}", "renew it: `dco lifetimes --renew`") from None
    checked = read.pop("checked", None)
    if type(checked) is not date:
        raise ConfigurationError(f"{path}: it does not say when it was checked", "begin it with checked = 2026-11-23")
    return Lifetimes(checked=checked, products={name: _lines(path, name, lines) for name, lines in read.items()})


def _lines(path: str, product: str, lines: Any) -> dict[str, date | None]:
    found: dict[str, date | None] = {}
    for line, end in cast("dict[str, Any]", lines).items() if isinstance(lines, dict) else [("?", None)]:
        if type(end) is not date and end is not False:
            raise ConfigurationError(f"{path}: {product} {line} has no day", f'write it as "{line}" = 2027-04-30')
        found[line] = end or None
    return found


def renewed(
    before: Lifetimes, answers: Mapping[str, Mapping[str, str | None]], today: date
) -> tuple[Lifetimes, tuple[str, ...]]:
    """Return a table of today, and a sentence for each difference. Every product of the old one must be answered.

    Raises `Unreadable` for a product that is not: half a table must not be dated today. A line that is gone is kept.
    """
    missing = sorted(set(before.products) - set(answers))
    if missing:
        raise Unreadable(f"nothing was told about {', '.join(missing)}", "try again: the table was left as it was")
    products: dict[str, Mapping[str, date | None]] = {}
    told: list[str] = []
    for product in sorted(answers):
        old = before.products.get(product, {})
        new = {line: _day(product, line, end) for line, end in answers[product].items()}
        products[product] = {**old, **new}
        told += _differences(product, old, new)
    return Lifetimes(checked=today, products=products), tuple(told)


def written(table: Lifetimes) -> str:
    """Return a table as its file's text."""
    lines = [
        "# The day on which the support of a release line ends; false where none is announced.",
        f"checked = {table.checked}",
    ]
    for product, ends in sorted(table.products.items()):
        lines += ["", f"[{product}]"]
        lines += [f'"{line}" = {end or "false"}' for line, end in ends.items()]
    return "\n".join(lines) + "\n"


def _day(product: str, line: str, end: str | None) -> date | None:
    try:
        return date.fromisoformat(end) if end else None
    except ValueError:
        raise Unreadable(f"{product} {line} is said to end on {end!r}, which is no day", "see who answers") from None


def _differences(product: str, old: Mapping[str, date | None], new: Mapping[str, date | None]) -> Iterable[str]:
    for line, end in new.items():
        if line not in old or old[line] != end:
            was = f", until now {old[line] or 'no day'}" if line in old else ", which is new"
            yield f"{product} {line} ends on {end or 'no day that is announced'}{was}"
