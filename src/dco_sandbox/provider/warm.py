"""A provider that is ready: everything imported once, then a fork for each Terraform that knocks.

`python -m dco_sandbox.provider.warm SOCKET` is a process of the world. A child has the streams, environment and
directory of who knocked, and ends when that process does.
"""

import importlib
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from dco_sandbox.provider import aws
from dco_sandbox.provider.__main__ import main as provide

SERVICES = (
    "application-autoscaling", "cloudwatch", "ec2", "ecr", "ecs", "elbv2", "iam", "logs", "s3", "secretsmanager",
    "ssm", "sts",
)  # fmt: skip


def serve(path: Path) -> None:
    """Serve until killed."""
    _import_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    door.listen(16)
    while True:
        visitor, _ = door.accept()
        if os.fork() == 0:
            door.close()
            _child(visitor)
        visitor.close()


def _import_all() -> None:
    """Import what serving needs and read botocore's models of every service, once; children share it all."""
    for name in ("grpc", "tf.gen.grpc_controller_pb2_grpc", "tf.gen.grpc_stdio_pb2_grpc", "tf.gen.tfplugin_pb2_grpc"):
        importlib.import_module(name)
    from botocore.session import Session  # noqa: PLC0415  # this process, unlike a provider, wants it at once

    session = Session()
    for service in SERVICES:
        session.create_client(
            service,
            region_name="eu-central-1",
            aws_access_key_id="nobody",
            aws_secret_access_key="nobody",  # noqa: S106  # it opens nothing
        )
    aws.LOADER = session.get_component("data_loader")


def _child(visitor: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(visitor, 1, 3)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    wishes: dict[str, Any] = json.loads(visitor.makefile("rb").readline())
    os.environ.clear()
    os.environ.update(wishes["environment"])
    os.chdir(wishes["directory"])
    sys.argv = ["dco_sandbox.provider", *wishes["arguments"]]
    threading.Thread(target=_end_with, args=(visitor,), daemon=True).start()
    try:
        provide()
    finally:
        os._exit(0)


def _end_with(visitor: socket.socket) -> None:
    """Wait for the end of who knocked, then end."""
    visitor.recv(1)
    os._exit(0)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
