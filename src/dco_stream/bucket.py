"""The bucket: objects by key, written whole or not at all."""

import hashlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dco_stream import config
from dco_stream.errors import BadConfiguration, Damaged, Gone, StreamError, Unreachable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_TIMES = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3}, max_pool_connections=16
)
_EVERY_PAGE = 1000


class Bucket:
    """Objects under the configured prefix. Every error is a `StreamError`. May be used by any thread."""

    def __init__(self, settings: config.Bucket) -> None:
        import boto3  # noqa: PLC0415 -- half a second, for those who need it

        self.name = settings.name
        self.prefix = settings.prefix
        self._s3: S3Client = boto3.client("s3", region_name=settings.region, config=_TIMES)  # pyright: ignore[reportUnknownMemberType]

    def put(self, key: str, content: bytes) -> None:
        """Write an object, over what is there. AWS compares a checksum before it answers."""
        with self._asking(f"write {key}"):
            self._s3.put_object(Bucket=self.name, Key=self.prefix + key, Body=content, ChecksumAlgorithm="SHA256")

    def get(self, key: str) -> bytes | None:
        """Read an object; None when there is none."""
        try:
            with self._asking(f"read {key}"):
                return self._s3.get_object(Bucket=self.name, Key=self.prefix + key)["Body"].read()
        except _AbsentError:
            return None

    def demand(self, key: str, sha256: str) -> bytes:
        """Read an object that must be there with this content. Raises `Gone` or `Damaged` otherwise."""
        content = self.get(key)
        if content is None:
            raise Gone(f"{key} is gone from bucket {self.name}", "look at the bucket's older versions of it")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Damaged(f"{key} in bucket {self.name} is damaged: its checksum does not fit",
                          "look at the bucket's older versions of it")  # fmt: skip
        return content

    def keys(self, under: str, after: str = "") -> Iterator[str]:
        """List the keys under a prefix in their order, behind a given one."""
        token: str | None = None
        while True:
            more = {"ContinuationToken": token} if token else {"StartAfter": self.prefix + after} if after else {}
            with self._asking(f"list {under}"):
                page = self._s3.list_objects_v2(Bucket=self.name, Prefix=self.prefix + under, **more)  # pyright: ignore[reportArgumentType]
            for item in page.get("Contents", []):
                yield item.get("Key", "").removeprefix(self.prefix)
            token = page.get("NextContinuationToken")
            if not token:
                return

    def folders(self, under: str) -> list[str]:
        """List the names directly below a prefix that ends with a slash."""
        names: list[str] = []
        token: str | None = None
        while True:
            more = {"ContinuationToken": token} if token else {}
            with self._asking(f"list {under}"):
                page = self._s3.list_objects_v2(
                    Bucket=self.name, Prefix=self.prefix + under, Delimiter="/", **more  # pyright: ignore[reportArgumentType]
                )  # fmt: skip
            found = (item.get("Prefix", "") for item in page.get("CommonPrefixes", []))
            names += [one.removeprefix(self.prefix + under).rstrip("/") for one in found]
            token = page.get("NextContinuationToken")
            if not token:
                return names

    def delete(self, keys: list[str]) -> None:
        """Delete objects. Those that are not there are none the less gone."""
        for begin in range(0, len(keys), _EVERY_PAGE):
            some = [{"Key": self.prefix + key} for key in keys[begin : begin + _EVERY_PAGE]]
            with self._asking("delete what is past its time"):
                answer = self._s3.delete_objects(Bucket=self.name, Delete={"Objects": some, "Quiet": True})  # pyright: ignore[reportArgumentType]
            if failed := answer.get("Errors"):
                raise Unreachable(f"{failed[0].get('Key')} can't be deleted: {failed[0].get('Message')}")

    @contextmanager
    def _asking(self, what: str) -> Generator[None]:
        try:
            yield
        except ClientError as error:
            raise self._refusal(what, error) from None
        except BotoCoreError as error:
            raise Unreachable(
                f"can't {what} in bucket {self.name}: {error}", "look at the network and at AWS"
            ) from None

    def _refusal(self, what: str, error: ClientError) -> StreamError:
        code = error.response.get("Error", {}).get("Code", "")
        if code in {"NoSuchKey", "404"}:
            return _AbsentError("there is no such object")
        if code == "NoSuchBucket":
            return BadConfiguration(f"there is no bucket {self.name}", "terraform/runner makes it, or name another")
        if code in {"AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"}:
            return BadConfiguration(
                f"can't {what} in bucket {self.name}: {code}", "it is somebody else's, or the role's policy lacks it"
            )
        return Unreachable(f"can't {what} in bucket {self.name}: {code}", "it will be tried again")


class _AbsentError(StreamError):
    """There is no such object."""
