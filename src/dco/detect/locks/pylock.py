"""`pylock.toml` (PEP 751), read by `packaging`."""

import re
import tomllib

from packaging.pylock import Package, Pylock, PylockUnsupportedVersionError, PylockValidationError

from dco.detect.locks.locked import Locked, refuse
from dco.detect.locks.markers import ships
from dco.seams.catalogue import Kind


def read(path: str, text: str) -> tuple[Locked, ...]:
    """Return what is installed without extras, with the default groups. Raises `ConfigurationError` with the line."""
    try:
        lock = Pylock.from_dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise refuse(path, line[1] if line else "?", f"not valid TOML: {error}") from None
    except (PylockValidationError, PylockUnsupportedVersionError) as error:
        raise refuse(path, "?", f"no lock that is known here: {error}") from None
    groups = lock.default_groups or ()
    return tuple(sorted(_locked(package) for package in lock.packages if ships(package.marker, groups=groups)))


def _locked(package: Package) -> Locked:
    elsewhere = package.version is None or package.vcs or package.directory or package.archive
    trouble = "it does not come from a registry" if elsewhere else ""
    return Locked(Kind.PYPI, package.name, str(package.version or ""), trouble)
