"""Questions to the databases."""

from typing import Protocol

from dco.model.databases import Database


class Graphs(Protocol):
    """Read-only Cypher questions."""

    def ask(self, database: Database, cypher: str) -> bool:
        """Return the truth of the question's first value; False when it gives no row."""
        ...
