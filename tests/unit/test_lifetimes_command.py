"""`dco lifetimes`: shown, and renewed as a whole or not at all."""

from pathlib import Path

import pytest
from tests.unit.recorded import NOW, RecordedCatalogue

from dco.flow import renewing
from dco.model.errors import ConfigurationError, Unreadable
from dco.model.watching import EndOfLife

TABLE = 'checked = 2020-01-01\n\n[nodejs]\n"20" = 2026-04-30\n'
WISH = EndOfLife(table="ops/ends.toml")


def test_the_table_that_came_with_dco_is_shown(tmp_path: Path) -> None:
    head, *ends = renewing.show(tmp_path, EndOfLife(), NOW)
    assert head.startswith("checked on ")
    assert "nodejs 24: 2028-04-30" in ends


def test_an_old_table_says_so(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops/ends.toml").write_text(TABLE)
    assert "more than 90 days ago" in renewing.show(tmp_path, WISH, NOW)[0]


def test_a_table_is_renewed_and_says_what_differs(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops/ends.toml").write_text(TABLE)
    told = RecordedCatalogue({"lifetimes": {"nodejs": {"20": "2026-05-30", "24": "2028-04-30"}}})
    first, second, last = renewing.renew(tmp_path, WISH, told, NOW)
    assert first == "nodejs 20 ends on 2026-05-30, until now 2026-04-30"
    assert second == "nodejs 24 ends on 2028-04-30, which is new"
    assert "commit it" in last
    assert renewing.show(tmp_path, WISH, NOW)[0] == "checked on 2026-11-23"


def test_a_table_is_left_as_it_was_when_one_product_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops/ends.toml").write_text(TABLE)
    with pytest.raises(Unreadable):
        renewing.renew(tmp_path, WISH, RecordedCatalogue({}), NOW)
    assert (tmp_path / "ops/ends.toml").read_text() == TABLE


def test_the_table_that_came_with_dco_is_not_renewed(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no table of your own"):
        renewing.renew(tmp_path, EndOfLife(), RecordedCatalogue({}), NOW)
