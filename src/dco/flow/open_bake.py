"""The mark of a bake that is open here: one file that holds the redeploy's id, for whoever starts its watch."""

from pathlib import Path

NAME = "bake"


def mark(own: Path, redeploy: str) -> None:
    """Say that this redeploy's bake is to be watched."""
    own.mkdir(parents=True, exist_ok=True)
    new = own / f"{NAME}.new"
    new.write_text(redeploy, encoding="utf-8")
    new.replace(own / NAME)


def marked(own: Path) -> str | None:
    """Return the redeploy whose bake is to be watched, if there is one."""
    try:
        return (own / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def clear(own: Path) -> None:
    """Say that no bake is open."""
    (own / NAME).unlink(missing_ok=True)
