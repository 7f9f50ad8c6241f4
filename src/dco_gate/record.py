"""The decision record: one object a switch, written once, that says which servers serve a pair's databases."""

import contextlib
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import msgspec

from dco_gate.errors import UnreachableError

FILE = "decision.json"
_SAME_TIME = timedelta(seconds=2)
"""S3 tells when an object was stored in whole seconds."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """How a switch ended: for each of its databases the address of the server that serves."""

    switch: str
    databases: tuple[str, ...]
    winner: Literal["green", "blue"]
    servers: dict[str, str]
    decided_at: str


class Records(Protocol):
    """Where decisions are kept. All raise `UnreachableError` when the place does not answer as it should."""

    def read(self, switch: str) -> Decision | None:
        """Give the decision of a switch; None while there is none."""
        ...

    def propose(self, decision: Decision) -> Decision:
        """Write a decision unless there is one, and give the one that stands. May be called twice, by anyone."""
        ...

    def newest(self, database: str) -> Decision | None:
        """Give the newest decision that moved a database; None if there never was one.

        One for blue moved nobody: it was a switch that was given up, perhaps of somebody who came too late.
        """
        ...


class S3Records:
    """Decisions in a bucket, under `<prefix>/switches/<id>/decision.json`. For threads; makes its client when asked."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._root = f"{prefix.strip('/')}/switches/".lstrip("/")
        self._made: Any = None

    def warm(self) -> None:
        """Make the client now: it takes a while."""
        self._client()

    def read(self, switch: str) -> Decision | None:
        """Give the decision of a switch; None while there is none."""
        return self._get(f"{self._root}{switch}/{FILE}")

    def propose(self, decision: Decision) -> Decision:
        """Write a decision unless there is one, and give the one that stands."""
        key = f"{self._root}{decision.switch}/{FILE}"
        with _told(key):
            try:
                self._client().put_object(
                    Bucket=self._bucket, Key=key, Body=msgspec.json.encode(decision), IfNoneMatch="*"
                )
            except self._client().exceptions.ClientError as error:
                if error.response["Error"]["Code"] not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                    raise
        standing = self._get(key)
        if standing is None:
            raise UnreachableError(f"the record {key} is not there although it was written", "ask again")
        return standing

    def newest(self, database: str) -> Decision | None:
        """Give the newest decision that moved a database, by when it was stored; within seconds, by what it says."""
        stored: list[tuple[datetime, str]] = []
        with _told(self._root):
            for page in (
                self._client().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._root)
            ):
                stored += [(one["LastModified"], one["Key"]) for one in page.get("Contents", [])]
        best: Decision | None = None
        last = datetime.now(UTC)
        for when, key in sorted(stored, reverse=True):
            if best is not None and last - when > _SAME_TIME:
                break
            found = self._get(key) if key.endswith(f"/{FILE}") else None
            if found is not None and found.winner == "green" and database in found.servers:
                last = when if best is None else last
                best = found if best is None or found.decided_at > best.decided_at else best
        return best

    def _get(self, key: str) -> Decision | None:
        with _told(key):
            try:
                answer = self._client().get_object(Bucket=self._bucket, Key=key)
            except self._client().exceptions.NoSuchKey:
                return None
            return msgspec.json.decode(answer["Body"].read(), type=Decision)

    def _client(self) -> Any:
        if self._made is None:
            import boto3  # noqa: PLC0415 -- it takes half a second, in which a gate that was started again serves
            from botocore.config import Config  # noqa: PLC0415

            patience = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
            aws: Any = boto3
            self._made = aws.client("s3", config=patience)
        return self._made


def now() -> str:
    """Give the time as records write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextlib.contextmanager
def _told(key: str) -> Generator[None]:
    """Turn what S3's client and a strange object raise into one sentence."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- see S3Records._client

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise UnreachableError(f"the record {key} did not answer: {error}", "what is held stays held") from None
    except msgspec.DecodeError as error:
        raise UnreachableError(f"the record {key} is no decision: {error}", "look at the object") from None
