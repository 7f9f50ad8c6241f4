"""EBS volumes are directories: mounted by a link, copied by a snapshot, gone when deleted."""

import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import psutil
from moto.ec2.models.elastic_block_store import EBSBackend, Snapshot, Volume

from dco_sandbox.world import World

_create_volume = EBSBackend.create_volume
_delete_volume = EBSBackend.delete_volume
_detach_volume = EBSBackend.detach_volume
_create_snapshot = EBSBackend.create_snapshot
_delete_snapshot: Any = EBSBackend.delete_snapshot


def directory(world: World, volume_id: str) -> Path:
    """Give the directory that is a volume; it is made when it is first mounted."""
    return world.sandbox / "volumes" / volume_id


def install(world: World) -> None:
    """Let moto's volumes and snapshots have content. May be called again."""

    def create_volume(self: EBSBackend, *args: Any, **kwargs: Any) -> Volume:
        volume = _create_volume(self, *args, **kwargs)
        if volume.snapshot_id:
            _copy(directory(world, volume.snapshot_id), directory(world, volume.id))
        return volume

    def delete_volume(self: EBSBackend, volume_id: str) -> Volume:
        volume = _delete_volume(self, volume_id)
        shutil.rmtree(directory(world, volume_id), ignore_errors=True)
        return volume

    def detach_volume(self: EBSBackend, volume_id: str, instance_id: str | None, device: str) -> Any:
        attachment = self.get_volume(volume_id).attachment
        if instance_id is None and attachment is not None:
            instance_id = attachment.instance.id  # a client needs to name it only for volumes with several
        return _detach_volume(self, volume_id, cast("str", instance_id), device)

    def create_snapshot(self: EBSBackend, volume_id: str, *args: Any, **kwargs: Any) -> Snapshot:
        snapshot = _create_snapshot(self, volume_id, *args, **kwargs)
        with _at_one_moment(directory(world, volume_id)):
            _copy(directory(world, volume_id), directory(world, snapshot.id))
        return snapshot

    def delete_snapshot(self: EBSBackend, snapshot_id: str) -> Any:
        done = _delete_snapshot(self, snapshot_id)
        shutil.rmtree(directory(world, snapshot_id), ignore_errors=True)
        return done

    backend: Any = EBSBackend
    backend.create_volume, backend.delete_volume = create_volume, delete_volume
    backend.detach_volume = detach_volume
    backend.create_snapshot, backend.delete_snapshot = create_snapshot, delete_snapshot


@contextmanager
def _at_one_moment(volume: Path) -> Generator[None]:
    """Stop whoever writes into a volume while it is copied: EBS takes all of it at once."""
    users = [process for process in psutil.process_iter() if _uses(process, volume)]
    for process in users:
        _signal(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in users:
            _signal(process, signal.SIGCONT)


def _uses(process: psutil.Process, volume: Path) -> bool:
    with suppress(psutil.Error):
        return any(Path(file.path).is_relative_to(volume) for file in process.open_files())
    return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)


def _copy(source: Path, target: Path) -> None:
    """Copy a volume as it is at this moment, which is all that a snapshot promises."""
    if source.is_dir():
        subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)
