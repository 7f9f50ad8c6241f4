"""Asks a new, empty server what an application asks first, so that its classes are in the archive."""

# pyright: reportUnknownMemberType=false
# the driver does not tell the types of its own settings

import sys
import time

from neo4j import GraphDatabase
from neo4j.exceptions import ServiceUnavailable, TransientError

SECONDS = 60
QUERIES = (
    "RETURN 1",
    "CREATE CONSTRAINT thing IF NOT EXISTS FOR (thing:Thing) REQUIRE thing.id IS UNIQUE",
    "UNWIND range(1, 50) AS id MERGE (thing:Thing {id: id}) SET thing.at = datetime()",
    "MATCH (a:Thing {id: 1}), (b:Thing {id: 2}) MERGE (a)-[tie:TIED]->(b) RETURN tie, properties(a)",
    "MATCH (a:Thing)-[:TIED*1..2]->(b) WHERE b.id > 1 RETURN a.id, count(b), sum(b.id) ORDER BY a.id",
    "MATCH (thing:Thing) DETACH DELETE thing",
    "SHOW INDEXES",
    "EXPLAIN MATCH (n) RETURN count(n)",
)


def ask(uri: str) -> None:
    """Wait until the server answers, then ask everything once; raise the driver's error if it never does."""
    until = time.monotonic() + SECONDS
    with GraphDatabase.driver(uri) as driver:
        while True:
            try:
                driver.verify_connectivity()
            except (ServiceUnavailable, TransientError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
            else:
                break
        for query in QUERIES:
            driver.execute_query(query)


if __name__ == "__main__":
    ask(sys.argv[1])
