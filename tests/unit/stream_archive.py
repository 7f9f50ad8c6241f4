"""A bucket with hand-made copies and logs of a database, and a Neo4j that only pretends: nothing is started."""

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from dco_stream import config
from dco_stream.archive import bases, segments
from dco_stream.archive.archive import Archive
from dco_stream.archive.bases import File, Manifest, Pack, Part
from dco_stream.archive.segments import Position, Segment
from dco_stream.bucket import Bucket
from dco_stream.cli import group
from dco_stream.errors import StreamError
from dco_stream.state import iso_of_millis

BUCKET = "backups"
NAMES = ("neo4j", "system")
BEGIN = 1_790_000_000_000
"""When the first copy was taken, in ms; the log has a piece every ten seconds, and a new file every six pieces."""
STEP = 10_000
PIECE = 100
PIECES_A_FILE = 6
AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def at(steps: float) -> str:
    """A time so many pieces after the first copy."""
    return iso_of_millis(BEGIN + round(steps * STEP))


class Place:
    """A bucket, a configuration that names it, and a pretended Neo4j."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        boto3.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        self.file = directory / "stream.toml"
        self.configure()
        self.archive = Archive(Bucket(config.read(self.file).bucket), "ledger")
        self.home = directory / "installed" / "neo4j" / "5.26.30"
        self.into = directory / "new" / "data"

    def configure(self, *, bucket: str = BUCKET, more: str = "") -> None:
        self.file.write_text(
            f'[bucket]\nname = "{bucket}"\n[databases.ledger]\nservers = "bolt://127.0.0.1:1"\n'
            f'login = "{{}}"\nkey = "{"5a" * 32}"\n{more}'
        )

    def copy(self, step: int = 0, *, series: str = "log.1", **fields: Any) -> Manifest:
        """Keep a copy that was taken at a step."""
        archive, name = self.archive, f"2026092{step // 1000}T{step % 1000:06}Z-aaaaaa"
        stored, checksum = segments.pack(b"store")
        parts: dict[str, Part] = {}
        for part in NAMES:
            archive.bucket.put(archive.key("bases", name, part, "000000.pack"), stored)
            parts[part] = Part(
                series=series, needed=Position(step // PIECES_A_FILE, 0), end=_position(step), transaction=step,
                at=BEGIN + step * STEP, files=(File("store/neostore", 5),),
                packs=(Pack("000000.pack", 5, checksum, len(stored)),), format="aligned", kernel="V5",
            )  # fmt: skip
        plain = Manifest(id=name, database="ledger", neo4j="5.26.30", taken=at(step), parts=parts)
        manifest = msgspec.structs.replace(plain, **fields)
        archive.bucket.put(archive.key("bases", name, "manifest.json"), bases.encode(manifest))
        return manifest

    def log(self, pieces: int, *, begin: int = 0, without: tuple[int, ...] = (), series: str = "log.1") -> None:
        """Keep pieces of both logs; each is told until the moment of its number, counted from one."""
        for number in range(begin, pieces):
            for part in () if number in without else NAMES:
                stored, checksum = segments.pack(f"{number:0{PIECE}}".encode())
                self.archive.put_segment(series, part, _piece(number, checksum), stored)

    def key_of_piece(self, number: int, part: str = "neo4j") -> str:
        found = self.archive.segments("log.1", part)
        return self.archive.segment_key("log.1", part, found[number])

    def spoil(self, key: str, content: bytes = b"something else") -> None:
        self.archive.bucket.put(key, content)

    def install(self, version: str = "5.26.30", *, edition: str = "community", says: str = "exit 0") -> Path:
        """Put a Neo4j there whose Java does what `says` tells a shell, the program's name in `$program`."""
        (self.home / "lib").mkdir(parents=True)
        (self.home / "plugin").mkdir()
        (self.home / "plugin" / "dco.jar").touch()
        (self.home / "lib" / f"neo4j-kernel-{version}.jar").touch()
        if edition != "community":
            (self.home / "lib" / f"neo4j-{edition}-kernel-{version}.jar").touch()
        java = self.directory / "installed" / "bin" / "java"
        java.parent.mkdir()
        java.write_text(f'#!/bin/sh\nprogram="$*"\necho "$program" >>{self.directory}/programs\n{says}\n')
        java.chmod(0o755)
        return self.home

    @property
    def programs(self) -> list[str]:
        """What was run."""
        file = self.directory / "programs"
        return file.read_text().splitlines() if file.exists() else []

    def call(self, *arguments: str) -> Result:
        """Type a command that must succeed or end with an exit code of its own."""
        return CliRunner().invoke(group, ["-c", str(self.file), *arguments], catch_exceptions=False)

    def json(self, *arguments: str) -> Any:
        done = self.call(*arguments, "--json")
        return json.loads(done.stdout)["ledger"] if arguments[0] != "restore" else json.loads(done.stdout)

    def refused(self, *arguments: str) -> StreamError:
        """Type a command that must be refused."""
        with pytest.raises(StreamError) as error:
            self.call(*arguments)
        assert error.value.what
        assert error.value.remedy
        return error.value

    def restore(self, time: str, *more: str) -> tuple[str, ...]:
        """The words of a restore."""
        return ("restore", "ledger", "--at", time, "--into", str(self.into), "--neo4j", str(self.home), *more)


def _position(step: int) -> Position:
    return Position(step // PIECES_A_FILE, step % PIECES_A_FILE * PIECE)


def _piece(number: int, checksum: str) -> Segment:
    begin = _position(number)
    before = begin.offset or (PIECE * PIECES_A_FILE if number else 0)
    return Segment(version=begin.version, offset=begin.offset, end=begin.offset + PIECE, before=before,
                   transaction=number + 1, until=BEGIN + (number + 1) * STEP, sha256=checksum)  # fmt: skip


@contextmanager
def bucket_place(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Place]:
    """A place whose bucket lives as long as this."""
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Place(directory)


__all__ = ["NAMES", "Place", "at", "bucket_place"]
