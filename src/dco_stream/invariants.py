"""A user's own questions to a database in Cypher: the first value of each row must be true."""

from collections.abc import Callable
from typing import Any

from dco_stream.errors import Refused


def trouble(run: Callable[[str], list[dict[str, Any]]], cypher: str) -> str:
    """Ask; say why it does not hold, in words that follow "it", or nothing if it does.

    Raises `StreamError`s other than a refusal of the question.
    """
    try:
        rows = run(cypher)
    except Refused as refused:
        return f"can't be answered: {refused.what}"
    if not rows:
        return "gave no row"
    answers = [next(iter(row.values()), None) for row in rows]
    wrong = [answer for answer in answers if answer is not True]
    return f"answers {wrong[0]!r}" if wrong else ""
