"""The table of ends of support, shown and renewed. Only a file of the repository is written; a person commits it."""

from datetime import date
from pathlib import Path

from dco.detect import lifetimes
from dco.detect.lifetimes import Lifetimes
from dco.model.errors import ConfigurationError
from dco.model.watching import EndOfLife
from dco.seams.catalogue import Catalogue


def show(directory: Path, wish: EndOfLife, now: str) -> tuple[str, ...]:
    """Return the table in use as sentences. Raises `ConfigurationError` for one that can't be read."""
    table = _read(directory, wish)
    stale = table.too_old(date.fromisoformat(now[:10]))
    head = f"checked on {table.checked}" + (f": {stale.what}; {stale.remedy}" if stale else "")
    ends = [
        f"{product} {line}: {end or 'no end is announced'}"
        for product, lines in table.products.items()
        for line, end in lines.items()
    ]
    return (head, *ends)


def renew(directory: Path, wish: EndOfLife, catalogue: Catalogue, now: str) -> tuple[str, ...]:
    """Ask anew for every product of the table, and write it; return what differs, as sentences.

    Raises `Unreadable` when one product is not told for certain: then the file is left as it was.
    """
    if wish.table is None:
        what = "there is no table of your own to renew: the one that came with dco is renewed by its releases"
        raise ConfigurationError(
            what, 'name a file of the repository: table = "ops/lifetimes.toml" under [end_of_life]'
        )
    before = _read(directory, wish)
    answers = {product: catalogue.lifetimes(product) for product in before.products}
    table, differences = lifetimes.renewed(before, answers, date.fromisoformat(now[:10]))
    file = directory / wish.table
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(lifetimes.written(table), encoding="utf-8")
    return (*differences, f"{wish.table} is written; commit it")


def _read(directory: Path, wish: EndOfLife) -> Lifetimes:
    if wish.table is None or not (directory / wish.table).exists():
        return lifetimes.shipped()
    return lifetimes.parse((directory / wish.table).read_text(encoding="utf-8"), wish.table)
