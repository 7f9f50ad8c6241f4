"""The plugin on one server: who may call, and what a fence does. The long tests have the rest."""

import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from neo4j.exceptions import ClientError, Neo4jError, TransientError
from tests.real.plugin.servers import KEY, Server

from dco_plugin import signing

ALL = (
    ("dco.status", "neo4j"),
    ("dco.stand", "neo4j", 1, 0),
    ("dco.rehearse", "neo4j"),
    ("dco.upgrade", "system"),
    ("dco.hold", "neo4j", "lease", 10),
    ("dco.release", "neo4j", "lease"),
    ("dco.files", "neo4j", "lease"),
    ("dco.read", "neo4j", "lease", "store/neostore", 0, 10),
    ("dco.log", "neo4j", 0, 0, 100, 0),
    ("dco.locate", "neo4j", 1),
    ("dco.prune", "neo4j", 0),
    ("dco.apply", "neo4j", 0, 0, b"bytes", True),
    ("dco.follow", "neo4j", True),
    ("dco.promote", "neo4j", 1, ""),
    ("dco.fence", "neo4j", True, "reason"),
    ("dco.scan", "neo4j", "node", b"salt", 0, 100, b""),
)


def proof(target: Server, *call: Any, key: bytes = KEY, **changed: Any) -> dict[str, Any]:
    """A proof for a call, as whoever holds the key would make it, with parts of it changed."""
    identity = target.run("CALL dco.identity()")[0]
    words: dict[str, Any] = {
        "server": identity["server"],
        "procedure": call[0],
        "arguments": call[1:],
        "nonce": secrets.token_hex(8),
        "expires": identity["now"] + 30_000,
        **changed,
    }
    made = signing.prove(key, **words)
    return {"nonce": made.nonce, "expires": made.expires, "mac": made.mac}


def attack(server: Server, *call: Any, proof: Any) -> str:
    """Call as the application's own user; give the refusal's sentence."""
    parameters = {f"a{index}": argument for index, argument in enumerate(call[1:])}
    names = "".join(f"${name}, " for name in parameters)
    with pytest.raises(ClientError) as refused:
        server.run(f"CALL {call[0]}({names}$proof)", proof=proof, **parameters)
    assert refused.value.code == "Neo.ClientError.Security.Forbidden"
    assert KEY.hex() not in str(refused.value)
    return str(refused.value.message)


@pytest.fixture
def lifted(server: Server) -> Iterator[Server]:
    """The server, whose fence is lifted at the end."""
    yield server
    for database in ("neo4j", "system"):
        server.plugin.one("fence", database, False, "")


@pytest.mark.parametrize("call", ALL, ids=lambda call: call[0])
def test_no_procedure_answers_without_a_proof(server: Server, call: tuple[Any, ...]) -> None:
    assert "needs a proof" in attack(server, *call, proof={})
    assert "needs a proof" in attack(server, *call, proof={"nonce": 1, "expires": "soon", "mac": None})
    assert "does not fit" in attack(server, *call, proof=proof(server, *call, key=bytes(32)))


def test_a_proof_is_for_one_procedure_its_arguments_and_this_server(server: Server) -> None:
    asked = ("dco.log", "neo4j", 0, 0, 100, 0)
    good = proof(server, *asked)
    for tampered in (
        ("dco.log", "neo4j", 0, 0, 101, 0),
        ("dco.log", "system", 0, 0, 100, 0),
        ("dco.log", "neo4j", 0, 100, 0, 0),
    ):
        assert "does not fit" in attack(server, *tampered, proof=good)
    assert "does not fit" in attack(server, "dco.locate", "neo4j", 1, proof=good)
    assert "does not fit" in attack(server, *asked, proof=proof(server, *asked, server="another"))
    assert "does not fit" in attack(server, *asked, proof={**good, "expires": good["expires"] + 1})
    assert "does not fit" in attack(server, *asked, proof={**good, "nonce": good["nonce"] + "x"})
    assert "does not fit" in attack(server, *asked, proof={**good, "mac": "not hexadecimal"})


def test_bytes_that_were_changed_on_the_way_are_refused(server: Server) -> None:
    good = proof(server, "dco.apply", "neo4j", 0, 128, b"log bytes", True)
    assert "does not fit" in attack(server, "dco.apply", "neo4j", 0, 128, b"log bytez", True, proof=good)


def test_a_proof_is_good_once_and_for_a_while(server: Server) -> None:
    used = proof(server, "dco.status", "neo4j")
    assert server.run("CALL dco.status('neo4j', $proof)", proof=used)
    assert "used before" in attack(server, "dco.status", "neo4j", proof=used)
    now = server.run("CALL dco.identity()")[0]["now"]
    assert "expired" in attack(server, "dco.status", "neo4j", proof=proof(server, "dco.status", "neo4j", expires=now))
    late = proof(server, "dco.status", "neo4j", expires=now + 3_600_000)
    assert "longer than" in attack(server, "dco.status", "neo4j", proof=late)


@pytest.mark.parametrize(("mode", "content"), [(0o640, KEY.hex()), (0o600, ""), (0o600, "ab" * 8), (0o600, "no key")])
def test_a_key_file_that_is_no_secret_opens_nothing(server: Server, mode: int, content: str) -> None:
    server.key_file.write_text(content)
    server.key_file.chmod(mode)
    try:
        good = proof(server, "dco.status", "neo4j")
        assert "nobody may call" in attack(server, "dco.status", "neo4j", proof=good)
    finally:
        server.key_file.chmod(0o600)
        server.key_file.write_text(KEY.hex())


def test_while_a_key_is_replaced_both_are_taken(server: Server) -> None:
    newer = bytes.fromhex("a5" * 32)
    server.key_file.write_text(f"{newer.hex()}\n{KEY.hex()}\n")
    try:
        for key in (newer, KEY):
            good = proof(server, "dco.status", "neo4j", key=key)
            assert server.run("CALL dco.status('neo4j', $proof)", proof=good)
    finally:
        server.key_file.write_text(KEY.hex())


def test_the_application_can_not_load_the_key_as_data(server: Server) -> None:
    for url in (server.key_file.as_uri(), "file:///../conf/dco.key", "file:///%2e%2e/conf/dco.key"):
        with pytest.raises(Neo4jError):
            server.run("LOAD CSV FROM $url AS line RETURN line", url=url)


@pytest.mark.parametrize(
    "name",
    [
        "store/../../dbms/auth.ini",
        "store/../system/neostore",
        "store//etc/passwd",
        "store/./neostore",
        "store/",
        "store/\0",
        "log/../../../conf/dco.key",
        "log/checkpoint.0/../../system/checkpoint.0",
        "log/neostore.transaction.db.0",
        "/etc/passwd",
        "",
    ],
)
def test_only_files_of_the_store_can_be_read(server: Server, name: str) -> None:
    lease = secrets.token_hex(4)
    server.plugin.one("hold", "neo4j", lease, 10)
    try:
        with pytest.raises(ClientError, match="is not a file of this store"):
            server.plugin.one("read", "neo4j", lease, name, 0, 100)
    finally:
        server.plugin.one("release", "neo4j", lease)


def test_a_link_out_of_the_store_is_not_followed(server: Server) -> None:
    link = server.home / "data" / "databases" / "neo4j" / "outside"
    link.symlink_to(server.key_file)
    server.plugin.one("hold", "neo4j", "link", 10)
    try:
        with pytest.raises(ClientError, match="is not a file of this store"):
            server.plugin.one("read", "neo4j", "link", "store/outside", 0, 100)
    finally:
        server.plugin.one("release", "neo4j", "link")
        link.unlink()


def test_what_is_not_there_is_said_in_a_sentence(server: Server) -> None:
    for procedure, arguments, sentence in (
        ("status", ("nowhere",), "There is no database nowhere here"),
        ("locate", ("neo4j", 10**6), "the other server did not come from this one"),
        ("apply", ("neo4j", 0, 0, b"", True), "follows nobody"),
        ("promote", ("neo4j", 10**6, ""), "apply the rest of the log first"),
        ("read", ("neo4j", "never-taken", "store/neostore", 0, 1), "does not hold"),
        ("hold", ("neo4j", "too-long", 3600), "between 1 and"),
    ):
        with pytest.raises(ClientError) as refused:
            server.plugin.call(procedure, *arguments)
        assert sentence in str(refused.value.message)


@pytest.mark.parametrize("database", ["neo4j", "system"])
def test_a_fence_refuses_data_schema_tokens_and_users(lifted: Server, database: str) -> None:
    before = lifted.plugin.one("fence", database, True, "a test")["transaction"]
    writes = {
        "neo4j": ["CREATE (:Known)", "CREATE INDEX FOR (n:New) ON (n.new)", "CREATE (:Never {seen: 1})"],
        "system": ["CREATE USER carol SET PASSWORD 'carols-word'"],
    }
    for text in writes[database]:
        with pytest.raises(TransientError) as refused:
            lifted.run(text, database)
        assert refused.value.code == "Neo.TransientError.Transaction.LeaseExpired"
    status = lifted.plugin.one("status", database)
    assert (status["transaction"], status["fenced"], status["reason"]) == (before, True, "a test")
    assert status["refused"] >= 1


def test_a_driver_retries_by_itself_until_the_fence_is_lifted(lifted: Server) -> None:
    lifted.run("CREATE (:Retried {id: 0})")
    lifted.plugin.one("fence", "neo4j", True, "a test")
    lift = threading.Timer(2, lambda: lifted.another().one("fence", "neo4j", False, ""))
    lift.start()
    begun = time.monotonic()
    lifted.driver.execute_query("CREATE (:Retried {id: 1})")
    assert time.monotonic() - begun > 1.5
    lift.join()
    assert lifted.run("MATCH (n:Retried) RETURN count(n) AS found") == [{"found": 2}]


def test_a_fence_is_lifted_only_for_the_reason_that_raised_it(lifted: Server) -> None:
    lifted.plugin.one("fence", "neo4j", True, "switch 2")
    assert lifted.plugin.one("fence", "neo4j", True, "switch 2")["fenced"], "again is no harm"
    for call in (("fence", "neo4j", True, "switch 1"), ("fence", "neo4j", False, "switch 1")):
        with pytest.raises(ClientError, match="because it switch 2"):
            lifted.plugin.one(*call)
    with pytest.raises(ClientError, match="because it switch 2"):
        lifted.plugin.one("promote", "neo4j", 0, "switch 1")
    assert lifted.plugin.one("status", "neo4j")["fenced"]
    assert not lifted.plugin.one("fence", "neo4j", False, "switch 2")["fenced"]
    assert not lifted.plugin.one("fence", "neo4j", False, "switch 2")["fenced"]


def test_a_rehearsal_does_everything_but_commit(server: Server) -> None:
    # on a server that serves, with nothing fenced: nobody who warms the wrong one may write into it
    server.run("CREATE (:Kept {number: 1})")
    for text in (
        "CREATE (:Kept {number: $number})",
        "MATCH (k:Kept) SET k.number = $number",
        "MATCH (k:Kept) DELETE k",
    ):
        for _ in range(3):
            server.plugin.rehearse("neo4j", text, {"number": 2})
    assert server.run("MATCH (k:Kept) RETURN k.number AS number") == [{"number": 1}]
    for number in range(200):  # none of the transactions that come after is taken for one
        server.run("MATCH (k:Kept) SET k.number = $number", number=number)
    assert server.run("MATCH (k:Kept) RETURN k.number AS number") == [{"number": 199}]
    server.run("MATCH (k:Kept) DELETE k")


def test_a_rehearsal_tells_what_fails_before_the_commit(server: Server) -> None:
    with pytest.raises(ClientError, match="by zero"):
        server.plugin.rehearse("neo4j", "RETURN 1 / $zero", {"zero": 0})
    with pytest.raises(ClientError, match="no rehearsal for system"):
        server.plugin.rehearse("system", "RETURN 1", {})


def test_a_stand_waits_for_a_transaction(server: Server) -> None:
    server.run("CREATE (w:Waited) DELETE w")  # a new label is a transaction of its own
    now = server.plugin.one("stand", "neo4j", 0, 0)["transaction"]
    began = time.monotonic()
    assert server.plugin.one("stand", "neo4j", now + 1, 300)["transaction"] == now
    assert time.monotonic() - began >= 0.3
    writer = threading.Timer(0.1, lambda: server.run("CREATE (:Waited)"))
    writer.start()
    there = server.plugin.one("stand", "neo4j", now + 1, 10_000)
    writer.join()
    assert there["transaction"] > now
    assert there["checksum"] == server.plugin.one("status", "neo4j")["checksum"]
