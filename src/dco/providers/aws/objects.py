"""Objects in S3: conditional writes, object lock, versions."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from dco.model.errors import ConfigurationError
from dco.providers.aws.errors import asking, code
from dco.providers.aws.session import AwsSession

_LOST = frozenset({"PreconditionFailed", "412"})
_CONFLICT = frozenset({"ConditionalRequestConflict", "409"})
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_WAITS = (0.1, 0.3, 1.0, 3.0)


class S3Objects:
    """Implements `dco.seams.objects.Objects` over one bucket, encrypted as the bucket says."""

    def __init__(self, aws: AwsSession, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def put_new(self, key: str, body: bytes) -> bool:
        """Write an object only if none is there; False when another was first. True when this very body is there."""
        return self._put_new(key, body, {})

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        with asking(f"write {self._name(key)}"):
            self._call(self._aws.s3.put_object, Key=key, Body=body)

    def put_locked(self, key: str, body: bytes, days: int) -> bool:
        """As `put_new`, and nobody can rewrite or delete that version for so many days, the account's root neither."""
        until = datetime.now(UTC) + timedelta(days=days)
        return self._put_new(key, body, {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until})

    def get(self, key: str) -> bytes | None:
        """Return an object's body, None when there is none."""
        with asking(f"read {self._name(key)}"):
            return self._body(Key=key)

    def first(self, key: str) -> bytes | None:
        """Return the oldest version's body: what stood there before anybody wrote over it."""
        with asking(f"read the first version of {self._name(key)}"):
            pages = self._aws.s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key)
            versions = [v for page in self._pages(pages) for v in page.get("Versions", []) if v["Key"] == key]
            # newest first, as S3 lists them: of two of the same second the later listed is the older
            return self._body(Key=key, VersionId=versions[-1]["VersionId"]) if versions else None

    def list(self, prefix: str, after: str = "") -> tuple[str, ...]:
        """Return the keys below a prefix that sort after `after`, sorted."""
        with asking(f"list {self._name(prefix)}"):
            lister = self._aws.s3.get_paginator("list_objects_v2")
            pages = lister.paginate(Bucket=self._bucket, Prefix=prefix, StartAfter=after)
            return tuple(sorted(found["Key"] for page in self._pages(pages) for found in page.get("Contents", [])))

    def delete(self, key: str) -> None:
        """Delete an object; one that is gone already is fine."""
        with asking(f"delete {self._name(key)}"):
            self._call(self._aws.s3.delete_object, Key=key)

    def _put_new(self, key: str, body: bytes, lock: dict[str, Any]) -> bool:
        with asking(f"write {self._name(key)}"):
            for wait in (*_WAITS, None):
                try:
                    self._call(self._aws.s3.put_object, Key=key, Body=body, IfNoneMatch="*", **lock)
                except ClientError as error:
                    if code(error) in _CONFLICT and wait is not None:
                        # somebody else writes it this moment: ask again who was first
                        time.sleep(wait)
                        continue
                    if code(error) not in _LOST:
                        raise
                    return self._body(Key=key) == body
                else:
                    return True
        raise AssertionError("unreachable: the last attempt returned or raised")

    def _body(self, **which: str) -> bytes | None:
        try:
            return bytes(self._call(self._aws.s3.get_object, **which)["Body"].read())
        except ClientError as error:
            if code(error) in _MISSING:
                return None
            raise

    def _call(self, method: Any, **arguments: Any) -> Any:
        try:
            return method(Bucket=self._bucket, **arguments)
        except ClientError as error:
            self._explain(error)
            raise

    def _pages(self, pages: Any) -> Any:
        try:
            yield from pages
        except ClientError as error:
            self._explain(error)
            raise

    def _explain(self, error: ClientError) -> None:
        if code(error) == "NoSuchBucket":
            raise ConfigurationError(
                f"there is no bucket {self._bucket}",
                "apply terraform/runner, which makes it, or correct bucket under [state] in dco.toml",
            ) from error

    def _name(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"
