"""How a daemon is put together: layers installed, state loaded, the front around moto, the loop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler

from dco_sandbox import corrections, front, objects, policies, validation
from dco_sandbox.consistency import Past
from dco_sandbox.control import Control
from dco_sandbox.faults import Faults
from dco_sandbox.loop import Loop
from dco_sandbox.runtime import Layer, Runtime
from dco_sandbox.state import State


class RequestHandler(MotoRequestHandler):
    """Closes the connection of an answer that was dropped; werkzeug alone would keep the client waiting."""

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        """End the connection without a word."""
        super().connection_dropped(error, environ)
        self.close_connection = True


@dataclass(frozen=True)
class Parts:
    """What a server needs; the loop is not started yet."""

    front: front.Front
    loop: Loop
    state: State


def assemble(runtime: Runtime, layers: Sequence[Layer], *, validate: bool = False) -> Parts:
    """Install the layers, give moto its saved state back, and build the front and the loop around it."""
    policies.install()
    corrections.install()
    objects.install()
    for layer in layers:
        layer.install(runtime)
    front.open_backends(runtime.world.account)
    state, past, faults = State(runtime.world.sandbox / "state" / "moto.sqlite"), Past(), Faults()
    state.load()
    serve = front.moto_front(runtime, state, past, faults)
    if validate:
        serve = validation.validated(runtime.world.sandbox / "violations.jsonl", serve)
    loop = Loop(layers, runtime, state, past)
    return Parts(front.Front(runtime, serve, Control(runtime, faults, past, loop)), loop, state)
