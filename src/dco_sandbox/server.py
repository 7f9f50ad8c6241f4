"""The daemon of a world: `python -m dco_sandbox.server DIR`. It holds moto, its layers and their loop.

It may be killed at any instant: what it answered is on disk, the processes of the world go on, and the next
daemon finds both again.
"""

import importlib
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from dco_sandbox.processes import Processes
from dco_sandbox.runtime import Layer, Runtime
from dco_sandbox.world import PORT, World, load

LAYERS = (
    "dco_sandbox.images.layer.ImageLayer",
    "dco_sandbox.machines.layer.MachineLayer",
    "dco_sandbox.elb.layer.ElbLayer",
    "dco_sandbox.ecs.layer.EcsLayer",
    "dco_sandbox.alarms.layer.AlarmLayer",
    "dco_sandbox.trail.layer.TrailLayer",
    "dco_sandbox.provider.layer.ProviderLayer",
)

_log = logging.getLogger(__name__)


def processes_of(world: World) -> Processes:
    """Return the supervised processes of a world; any process may ask."""
    return Processes(world.sandbox / "processes", world.sandbox / "logs")


def prepare_environment(world: World) -> None:
    """Set what moto and botocore read when they are imported; nothing of the caller's AWS set-up is left."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="sandbox-daemon",
        AWS_SECRET_ACCESS_KEY="sandbox-daemon",  # noqa: S106 - it opens nothing
        AWS_DEFAULT_REGION=world.region,
        AWS_EC2_METADATA_DISABLED="true",
        MOTO_ACCOUNT_ID=world.account,
        MOTO_EC2_LOAD_DEFAULT_AMIS="false",
        MOTO_ENABLE_AMI_VALIDATION="true",
    )


def named_layers(names: Sequence[str] = LAYERS) -> list[Layer]:
    """Import layers by their dotted names, and make one of each."""
    made: list[Layer] = []
    for name in names:
        module, _, cls = name.rpartition(".")
        made.append(getattr(importlib.import_module(module), cls)())
    return made


def serve(world: World, layers: Sequence[Layer], *, validate: bool = False) -> None:
    """Serve a world until SIGTERM; call it in a process of its own, after `prepare_environment`."""
    from werkzeug.serving import make_server  # noqa: PLC0415 - moto may be imported only in a prepared environment

    from dco_sandbox import assembly  # noqa: PLC0415

    runtime = Runtime(world, threading.RLock(), processes_of(world))
    parts = assembly.assemble(runtime, layers, validate=validate)
    server = make_server(world.address(0, 1), PORT, parts.front, threaded=True, request_handler=assembly.RequestHandler)

    def end(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    parts.loop.start()
    _log.info("world %d is served at %s", world.number, world.endpoint)
    server.serve_forever()
    parts.loop.stop()
    with runtime.lock:
        parts.state.save(runtime.take_dirty())
        parts.state.close()


def main(arguments: Sequence[str]) -> None:
    """Serve the world in the directory that is the first argument; `--validate` checks every answer."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    # The codes that any service may answer (ThrottlingException, …) are in no service's model.
    warnings.filterwarnings("ignore", r"Exception\(Refusal\)")
    world = load(Path(arguments[0]))
    prepare_environment(world)
    serve(world, named_layers(), validate="--validate" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
