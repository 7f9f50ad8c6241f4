"""The bake that is open: in the record, and as a mark on this machine for `dco serve`."""

from dco.flow import open_bake as marks
from dco.model.redeploy import Bake
from dco.record import bakes
from dco.settings import Settings
from dco.wiring.connect import outside, own_directory


def open_bake(settings: Settings) -> Bake | None:
    """Return the bake that has not ended."""
    return bakes.open_one(outside(settings.directory, settings.needed()).objects)


def mark_bake(settings: Settings) -> None:
    """Let `dco serve` know whether there is a bake to be watched."""
    own, found = own_directory(settings.directory, settings.needed()), open_bake(settings)
    if found is None:
        marks.clear(own)
    else:
        marks.mark(own, found.redeploy)
