"""A world: its directory, its number, and every address and path that follow from them."""

import fcntl
import socket
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dco_sandbox import cache

NUMBERS = range(10, 251)
PORT = 4566


class WorldError(Exception):
    """A world can't be made or opened; `args` are what happened and what to do next."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True)
class World:
    """Where a world lives; nothing in it is looked up, so making one has no effect."""

    directory: Path
    number: int
    account: str = "123456789012"
    region: str = "eu-central-1"
    minute_seconds: float = 5.0
    """How long a minute of an alarm lasts."""

    def address(self, third: int, fourth: int) -> str:
        """Return `127.<number>.<third>.<fourth>`."""
        return f"127.{self.number}.{third}.{fourth}"

    @property
    def endpoint(self) -> str:
        """The AWS endpoint's URL."""
        return f"http://{self.address(0, 1)}:{PORT}"

    @property
    def repo(self) -> Path:
        """The git repository in which a person runs `dco`."""
        return self.directory / "repo"

    @property
    def sandbox(self) -> Path:
        """The daemon's own directory."""
        return self.directory / "sandbox"

    @property
    def aws_config(self) -> Path:
        """What `AWS_CONFIG_FILE` should name."""
        return self.directory / "aws" / "config"

    @property
    def aws_credentials(self) -> Path:
        """What `AWS_SHARED_CREDENTIALS_FILE` should name."""
        return self.directory / "aws" / "credentials"

    @property
    def terraform_rc(self) -> Path:
        """What `TF_CLI_CONFIG_FILE` should name."""
        return self.directory / "terraform.rc"


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `world.json` holds; the endpoint is there for people and follows from the number."""

    number: int
    endpoint: str
    region: str
    account: str
    minute_seconds: float


def load(directory: Path) -> World:
    """Open the world in a directory; `WorldError` when there is none or its record can't be read."""
    directory = directory.resolve()
    path = directory / "world.json"
    try:
        record = msgspec.json.decode(path.read_bytes(), type=_Record)
    except FileNotFoundError:
        raise WorldError(f"{directory} is not a world: it has no world.json", f"dco-sandbox up {directory}") from None
    except msgspec.MsgspecError as error:
        raise WorldError(f"{path} can't be read: {error}", "restore the file, or make a world elsewhere") from error
    return World(directory, record.number, record.account, record.region, record.minute_seconds)


def create(directory: Path, *, minute_seconds: float = 5.0) -> World:
    """Make a world in a directory with a number that no other world has; one that is there is opened.

    Safe when two are made at the same time: numbers are handed out under a lock in the shared cache.
    """
    directory = directory.resolve()
    if (directory / "world.json").exists():
        return load(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with _registry() as registry:
        number = _free_number(registry, directory)
        world = World(directory, number, minute_seconds=minute_seconds)
        record = _Record(number, world.endpoint, world.region, world.account, minute_seconds)
        (registry / str(number)).write_text(str(directory))
        (directory / "world.json").write_bytes(msgspec.json.format(msgspec.json.encode(record)) + b"\n")
    return world


def forget(world: World) -> None:
    """Give a world's number back; its directory stays. May be called twice."""
    with _registry() as registry:
        claim = registry / str(world.number)
        if claim.exists() and claim.read_text() == str(world.directory):
            claim.unlink()


@contextmanager
def _registry() -> Generator[Path]:
    """Yield the directory in which numbers are claimed, while no other process has it."""
    registry = cache.root() / "worlds"
    registry.mkdir(parents=True, exist_ok=True)
    with (registry / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield registry


def _free_number(registry: Path, directory: Path) -> int:
    """Return the first number that is neither claimed by a world that exists nor in use on this machine."""
    for number in NUMBERS:
        claim = registry / str(number)
        if claim.exists():
            holder = Path(claim.read_text())
            if holder != directory and (holder / "world.json").exists():
                continue
        if not _in_use(number):
            return number
    raise WorldError(
        f"all {len(NUMBERS)} numbers for worlds are taken (claims are in {registry})",
        "dco-sandbox down --delete DIR for a world that is no longer needed",
    )


def _in_use(number: int) -> bool:
    """Say whether something listens on the endpoint's address of that number, say another user's world."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((f"127.{number}.0.1", PORT)) == 0
