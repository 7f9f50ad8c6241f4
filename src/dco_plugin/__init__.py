"""Calls of the Neo4j plugin: what `dco` and `dco_stream`, which do not know each other, both need."""
