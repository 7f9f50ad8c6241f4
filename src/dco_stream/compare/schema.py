"""Indexes and constraints, as texts that can be compared by name."""

from typing import Any, Literal

import msgspec

from dco_stream.compare.connection import Connection

SchemaKind = Literal["index", "constraint"]
# What a version calls its own lookup indexes, and by which provider it makes the others, is its own affair.
# Cypher 5 speaks of constraints by the same words on both lines.
_QUERIES: dict[SchemaKind, str] = {
    "index": """CYPHER 5 SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties, options, state,
        owningConstraint
        RETURN CASE type WHEN 'LOOKUP' THEN 'lookup of ' + entityType ELSE name END AS name, type, entityType,
        labelsOrTypes, properties, options.indexConfig AS configuration, state, owningConstraint""",
    "constraint": """CYPHER 5 SHOW CONSTRAINTS YIELD name, type, entityType, labelsOrTypes, properties, propertyType,
        ownedIndex""",
}


class SchemaItem(msgspec.Struct, frozen=True):
    """An index or a constraint: its name, and all else about it that is to be the same, as text by what it is."""

    name: str
    parts: dict[str, str]


def read(connection: Connection, kind: SchemaKind) -> dict[str, SchemaItem]:
    """Read all indexes or constraints by name. Raises `StreamError`s."""
    rows = connection.patiently(lambda: connection.run(_QUERIES[kind]))
    return {row["name"]: _item(row) for row in rows}


def _item(row: dict[str, Any]) -> SchemaItem:
    parts = {key: _text(value) for key, value in row.items() if key != "name" and value is not None}
    return SchemaItem(row["name"], parts)


def _text(value: Any) -> str:
    """Write a value so that the order of a map's keys does not matter, but that of a list does."""
    return value if isinstance(value, str) else msgspec.json.encode(value, order="deterministic").decode()
