"""The mark of a night that has begun and not ended: one file that holds its id, made before anything else is done."""

import os
from pathlib import Path

NAME = "unfinished"


def mark(own: Path, key: str) -> bool:
    """Mark a night as begun, durably; False when another one is marked. Raises `OSError` when it can't be written."""
    own.mkdir(parents=True, exist_ok=True)
    new = own / f"{NAME}.{os.getpid()}"
    with new.open("w", encoding="utf-8") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(new, own / NAME)
    except FileExistsError:
        return False
    finally:
        new.unlink()
    return True


def marked(own: Path) -> str | None:
    """Return the id of the night that has begun and not ended, if there is one."""
    try:
        return (own / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def clear(own: Path, key: str) -> None:
    """Take a night's mark away, if it is that night's."""
    if marked(own) == key:
        (own / NAME).unlink(missing_ok=True)
