"""A machine's directory: what its image ships, what stands in for its operating system, and its disks."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from dco_sandbox import cache
from dco_sandbox.machines import volumes
from dco_sandbox.world import World

DATA = "var/lib/neo4j"
_PLACES = (
    "bin",
    "dev",
    "etc/systemd/system/multi-user.target.wants",
    "opt/neo4j",
    "root",
    "run/systemd",
    "tmp",
    "usr/local/bin",
    "var/lib/cloud/instance",
    "var/log",
)
_IDLE = ("chown", "useradd", "groupadd", "mkfs.ext4", "mkfs.xfs", "sync", "udevadm", "yum", "dnf", "apt-get")


def directory(world: World, instance_id: str) -> Path:
    """Give the directory that is a machine's `/`."""
    return world.sandbox / "machines" / instance_id


def lay_out(root: Path, neo4j_versions: Sequence[str]) -> None:
    """Make a machine's directory as its image would have it. Doing it again changes nothing."""
    for place in _PLACES:
        (root / place).mkdir(parents=True, exist_ok=True)
    for version in neo4j_versions:
        _link(root / "opt" / "neo4j" / version, cache.neo4j_home(version))
    _link(root / "opt" / "dco", Path(sys.prefix))
    for shim in files("dco_sandbox.machines").joinpath("bin").iterdir():
        _program(root / "bin" / shim.name, shim.read_text())
    _program(root / "bin" / "aws", f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m awscli "$@"\n')
    for name in _IDLE:
        _program(root / "bin" / name, "#!/bin/sh\n# A sandbox machine has no users, disks or packages of its own.\n")


def mount(world: World, root: Path, devices: Mapping[str, str]) -> None:
    """Show attached volumes (device → volume id) below `dev`, and the first one where the data belongs.

    A volume is mounted by itself only where nothing is yet, so that a boot script that mounts it, or one that
    keeps its data on the machine's own disk, is not disturbed.
    """
    places = {device: volumes.directory(world, identifier) for device, identifier in sorted(devices.items())}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    target = root / DATA
    if target.is_symlink() and target.readlink() not in places.values():
        target.unlink()
    # The mount comes before the device: a boot script that waits for the device finds it mounted.
    if places and not target.is_symlink() and _is_empty(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            target.rmdir()
        target.symlink_to(places[min(places)])
    for device, place in places.items():
        _link(root / device.lstrip("/"), place)
    _drop_detached(root / "dev", {Path(device).name for device in devices})


def environment(world: World, root: Path, address: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """Give what every process of a machine has in its environment; no other AWS set-up leaks in."""
    return {
        "PATH": f"{root}/bin:{root}/usr/local/bin:{os.defpath}",
        "HOME": str(root / "root"),
        "LANG": "C.UTF-8",
        "TMPDIR": str(root / "tmp"),
        "DCO_ROOT": str(root),
        "DCO_ADDRESS": address,
        "AWS_ENDPOINT_URL": world.endpoint,
        "AWS_REGION": world.region,
        "AWS_DEFAULT_REGION": world.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        **credentials,
    }


def _program(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
        path.chmod(0o755)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _is_empty(place: Path) -> bool:
    return not place.exists() or (place.is_dir() and not any(place.iterdir()))


def _drop_detached(devices: Path, attached: set[str]) -> None:
    for link in devices.iterdir():
        if link.is_symlink() and link.name not in attached:
            link.unlink()
