"""Seeds, follows, keeps and compares Neo4j databases: its own process, which knows nothing of `dco`."""
