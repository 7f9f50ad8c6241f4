"""The documented example of `gate.toml`."""

from importlib import resources


def text() -> str:
    """Give the file that shows every key."""
    return resources.files("dco_gate").joinpath("example.toml").read_text(encoding="utf-8")
