"""The states of an EC2 instance, reached when they are true and not when they are asked for.

Follows "Amazon EC2 instance state changes": pending → running → stopping → stopped → pending …, and from each
of them shutting-down → terminated. The calls here only ask; `dco_sandbox.machines.layer` makes it so and moves on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError, UnvailableAMIIdError
from moto.ec2.models.amis import AmiBackend
from moto.ec2.models.instances import Instance, InstanceBackend, InstanceState, Reservation

from dco_sandbox import cache
from dco_sandbox.machines import catalogue

PENDING, RUNNING, SHUTTING_DOWN, TERMINATED, STOPPING, STOPPED = (
    ("pending", 0),
    ("running", 16),
    ("shutting-down", 32),
    ("terminated", 48),
    ("stopping", 64),
    ("stopped", 80),
)
NO_TOKEN = "ABCDE"  # noqa: S105  what moto notes when a client gave none

_run_instances = InstanceBackend.run_instances
_start = Instance.start
_stop = Instance.stop
_terminate = Instance.terminate


@dataclass
class Machine:
    """What the sandbox keeps of an instance beside moto's own record; saved with it."""

    starts: int = 0
    impaired_since: str | None = None
    reboot_asked: bool = False
    niceness: int = 0
    """How far its processes stand back for those of other machines; all share this computer's processors."""
    credentials: dict[str, str] = field(default_factory=dict)


class IncorrectInstanceStateError(EC2ClientError):
    """The instance is in a state from which the call can't be done."""

    def __init__(self, instance: Instance, verb: str) -> None:
        super().__init__(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in a state from which it can be {verb}: {instance.state}.",
        )


class UnsupportedError(EC2ClientError):
    """The image ships a Neo4j that was not set up on this computer: no machine could ever start with it."""

    def __init__(self, why: cache.NotSetUpError) -> None:
        super().__init__("Unsupported", str(why))


def install() -> None:
    """Replace moto's instance calls. May be called again."""
    patched: Any = Instance
    patched.start, patched.stop = start, stop
    patched.terminate, patched.reboot = terminate, reboot
    patched.instance_status = property(status)
    patched.system_status = property(status)
    backend: Any = InstanceBackend
    backend.run_instances = run_instances
    images: Any = AmiBackend
    images._load_amis = catalogue.fill  # noqa: SLF001


def machine(instance: Instance) -> Machine:
    """Give the sandbox's part of an instance."""
    held: Any = instance
    if not hasattr(held, "machine"):
        held.machine = Machine()
    return held.machine


def become(instance: Instance, state: tuple[str, int]) -> None:
    """Move an instance on; call it inside the lock."""
    name, code = state
    held: Any = instance
    if state == RUNNING and machine(instance).starts:
        _start(instance)
    elif state == STOPPED:
        _stop(instance)
    elif state == TERMINATED:
        _terminate(instance)
    else:
        held._state = InstanceState(name, code)  # noqa: SLF001


def run_instances(
    self: Any, image_id: str, count: int, user_data: Any, security_group_names: list[str], **kwargs: Any
) -> Reservation:
    """Begin instances in `pending`; an image that isn't there is refused, a known client token gives its own."""
    again = _of_token(self, kwargs.get("client_token"))
    if again is not None:
        return again
    ami = _image(self, image_id, kwargs.get("launch_template"))
    try:
        for version in catalogue.neo4j_versions(ami.name):
            cache.neo4j_home(version)
    except cache.NotSetUpError as error:
        raise UnsupportedError(error) from None
    if "block_device_mappings" in kwargs:
        kwargs["block_device_mappings"] = _with_root(ami, kwargs["block_device_mappings"])
    reservation = _run_instances(self, image_id, count, user_data, security_group_names, **kwargs)
    for instance in reservation.instances:
        machine(instance)
        become(instance, PENDING)
    return reservation


def start(self: Instance) -> InstanceState:
    """Ask a stopped instance to start; a running one stays as it is."""
    return _asked(self, {STOPPED: PENDING}, {PENDING, RUNNING}, "started")


def stop(self: Instance) -> InstanceState:
    """Ask an instance to stop; one that has stopped stays as it is."""
    return _asked(self, {RUNNING: STOPPING, PENDING: STOPPING}, {STOPPING, STOPPED}, "stopped")


def terminate(self: Instance) -> InstanceState:
    """Ask an instance to end for ever. May be called again, as with EC2."""
    ending = dict.fromkeys((PENDING, RUNNING, STOPPING, STOPPED), SHUTTING_DOWN)
    return _asked(self, ending, {SHUTTING_DOWN, TERMINATED}, "terminated")


def reboot(self: Instance) -> None:
    """Ask for a restart of what runs in the machine; its state stays `running` all the while."""
    if self.state != "running":
        raise IncorrectInstanceStateError(self, "rebooted")
    machine(self).reboot_asked = True


def status(self: Instance) -> dict[str, Any]:
    """Give the status check that EC2 makes: `impaired` since the host failed."""
    if self.state != "running":
        return {"Status": "not-applicable"}
    since = machine(self).impaired_since
    if since is None:
        return {"Status": "ok", "Details": [{"Name": "reachability", "Status": "passed"}]}
    failed = {"Name": "reachability", "Status": "failed", "ImpairedSince": since}
    return {"Status": "impaired", "Details": [failed]}


def _asked(
    instance: Instance,
    moves: dict[tuple[str, int], tuple[str, int]],
    unmoved: set[tuple[str, int]],
    verb: str,
) -> InstanceState:
    held: Any = instance
    before: InstanceState = held._state  # noqa: SLF001
    state = (before.name, before.code)
    if state in moves:
        become(instance, moves[state])
    elif state not in unmoved:
        raise IncorrectInstanceStateError(instance, verb)
    return before


def _of_token(backend: Any, token: str | None) -> Reservation | None:
    """Find what a client began with this token: a call that is repeated has its effect once."""
    for reservation in backend.reservations.values() if token and token != NO_TOKEN else ():
        if any(instance.client_token == token for instance in reservation.instances):
            return reservation
    return None


def _image(backend: Any, image_id: str | None, template: dict[str, Any] | None) -> Any:
    if not image_id and template:
        image_id = backend._get_template_from_args(template).image_id  # noqa: SLF001
    if image_id is None or image_id not in backend.amis:
        raise InvalidAMIIdError(image_id or "")
    if backend.amis[image_id].state != "available":
        raise UnvailableAMIIdError(image_id)
    return backend.amis[image_id]


def _with_root(ami: Any, mappings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the image's own disk, which every instance has whatever a caller adds."""
    if any(mapping["DeviceName"] == ami.root_device_name for mapping in mappings):
        return list(mappings)
    root = {"DeviceName": ami.root_device_name, "Ebs": {"VolumeSize": 15, "DeleteOnTermination": True}}
    return [root, *mappings]
