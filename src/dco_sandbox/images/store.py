"""The images of one world: manifests and configs by digest, and each image's files unpacked, ready to run."""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.ecr.models import ecr_backends

from dco_sandbox.images.errors import ImageNotFoundError
from dco_sandbox.images.interpreter import bare_python
from dco_sandbox.images.tree import Tree, listing, materialise
from dco_sandbox.world import World

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.dco.sandbox.layer.v1+json"
_REFERENCE = re.compile(r"^[^/]+/(?P<repository>[^@:]+)(?:@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>[\w.-]+))?$")
_PYTHON = re.compile(r"^python(3(\.\d+)?)?$")


@dataclass(frozen=True)
class Image:
    """An image in the store: its digest, its unpacked files, and what it says about how to run it."""

    digest: str
    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    working_directory: str = "/"


@dataclass(frozen=True)
class Settings:
    """What a Dockerfile says beside files: the part that becomes the image's config."""

    environment: Mapping[str, str] = field(default_factory=dict)
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    working_directory: str = "/"
    user: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Sequence[str] = ()


def save(world: World, layers: Sequence[Tree], settings: Settings) -> Image:
    """Store an image; what is there is left alone. The same layers and settings give the same digest."""
    descriptors = [_blob(world, listing(layer), LAYER_TYPE) for layer in layers]
    config = _blob(world, _config(settings, [layer["digest"] for layer in descriptors]), CONFIG_TYPE)
    body = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": descriptors}
    digest: str = _blob(world, _canonical(body), MANIFEST_TYPE)["digest"]
    root = _root(world, digest)
    if not root.is_dir():
        merged = {path: item for layer in layers for path, item in layer.items()}
        _unpack(merged, settings.working_directory, root)
    return load(world, digest)


def load(world: World, digest: str) -> Image:
    """Give the image with this digest, or raise ImageNotFoundError when its files are not in this world."""
    root = _root(world, digest)
    if not root.is_dir():
        raise ImageNotFoundError(f"{digest} has no files in this world: push it with dco_sandbox.images.")
    config = json.loads(_blob_path(world, json.loads(manifest(world, digest))["config"]["digest"]).read_bytes())
    run = config["config"]
    return Image(
        digest=digest,
        root=root,
        environment=dict(item.split("=", 1) for item in run["Env"]),
        entrypoint=tuple(run["Entrypoint"]),
        command=tuple(run["Cmd"]),
        working_directory=run["WorkingDir"],
    )


def manifest(world: World, digest: str) -> str:
    """Give the manifest's text; its sha256 is the digest."""
    try:
        return _blob_path(world, digest).read_text()
    except FileNotFoundError:
        raise ImageNotFoundError(f"{digest} has no manifest in this world.") from None


def open_image(world: World, reference: str) -> Image:
    """Resolve `registry/repository@sha256:…` or `…:tag` as ECR knows it now; call it inside the daemon only.

    Raises ImageNotFoundError in the words of ECS's CannotPullContainerError when there is no such image.
    """
    parts = _REFERENCE.match(reference)
    if parts is None:
        raise ImageNotFoundError(f"failed to resolve ref {reference}: not an image reference")
    repository = ecr_backends[world.account][world.region].repositories.get(parts["repository"])
    wanted = parts["digest"] or parts["tag"] or "latest"
    for known in repository.images if repository else ():
        if wanted == known.get_image_digest() or wanted in known.image_tags:
            return load(world, known.get_image_digest())
    raise ImageNotFoundError(f"failed to resolve ref {reference}: {reference}: not found")


def process(
    image: Image, command: Sequence[str] | None, environment: Mapping[str, str]
) -> tuple[list[str], dict[str, str], Path]:
    """Say how to run an image without a container: arguments, environment and directory, all below its root.

    `command` replaces the image's CMD when given. Only what comes from the image is moved below its root:
    `environment` is the caller's and is left as it is. The machine's own environment does not leak in.
    """
    argv = [*image.entrypoint, *(image.command if command is None else command)]
    if not argv:
        raise ImageNotFoundError(f"{image.digest} has no CMD and the task gives no command.")
    inherited = {name: _below(image.root, value) for name, value in image.environment.items() if name != "PATH"}
    search = [_below(image.root, image.environment.get("PATH", "")), str(bare_python().parent), os.defpath]
    own = {"PATH": ":".join(filter(None, search)), "PYTHONNOUSERSITE": "1", "PYTHONUNBUFFERED": "1"}
    argv[0] = _program(image, argv[0])
    return argv, {**own, **inherited, **environment}, image.root / image.working_directory.lstrip("/")


def _program(image: Image, name: str) -> str:
    if _PYTHON.match(Path(name).name):
        return str(bare_python())
    return _below(image.root, name)


def _below(root: Path, value: str) -> str:
    return ":".join(f"{root}{part}" if part.startswith("/") else part for part in value.split(":"))


def _config(settings: Settings, layers: Sequence[str]) -> bytes:
    run = {
        "Env": [f"{name}={value}" for name, value in settings.environment.items()],
        "Entrypoint": list(settings.entrypoint),
        "Cmd": list(settings.command),
        "WorkingDir": settings.working_directory,
        "User": settings.user,
        "Labels": dict(settings.labels),
        "ExposedPorts": {port: {} for port in settings.ports},
    }
    base = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return _canonical(
        {
            "os": sys.platform,
            "architecture": os.uname().machine,
            "created": "1980-01-01T00:00:00Z",
            "config": run,
            "rootfs": {"type": "layers", "diff_ids": [base, *layers]},
        }
    )


def _unpack(tree: Tree, working_directory: str, root: Path) -> None:
    """Make the image's directory at once: a builder killed halfway leaves nothing like an image."""
    root.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=root.parent, prefix=".unpacking-"))
    try:
        materialise(tree, staging)
        (staging / working_directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
        staging.chmod(0o755)
        if not root.is_dir():
            staging.rename(root)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _blob(world: World, content: bytes, media_type: str) -> dict[str, Any]:
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    path = _blob_path(world, digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as staging:
            staging.write(content)
        Path(staging.name).rename(path)
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _blob_path(world: World, digest: str) -> Path:
    return world.sandbox / "images" / "blobs" / digest.removeprefix("sha256:")


def _root(world: World, digest: str) -> Path:
    return world.sandbox / "images" / "roots" / digest.removeprefix("sha256:")
