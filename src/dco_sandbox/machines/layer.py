"""Makes EC2 instances real: each tick brings every instance one step nearer to what was asked of it."""

import shutil
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from dco_sandbox.machines import catalogue, commands, images, lifecycle, root, supervise, volumes
from dco_sandbox.machines.lifecycle import machine
from dco_sandbox.machines.supervise import Site, Workers
from dco_sandbox.runtime import Runtime
from dco_sandbox.world import World

_SESSION_SECONDS = 6 * 3600
_STANDS_BACK = 10


class MachineLayer:
    """EC2 instances as processes in a directory, their volumes, and SSM's RunCommand on them."""

    def __init__(self) -> None:
        self._workers = Workers()

    def install(self, runtime: Runtime) -> None:
        """Patch moto's EC2 and SSM."""
        lifecycle.install()
        volumes.install(runtime.world)
        images.install()
        commands.install()

    def tick(self, runtime: Runtime) -> None:
        """Look after every instance, then after the commands that were sent to them."""
        with runtime.lock:
            instances = ec2_backends[runtime.world.account][runtime.world.region].all_instances()
        sites: dict[str, Site] = {}
        for instance in instances:
            if instance.state == "terminated":
                continue
            with runtime.lock:
                site = self._site(runtime, instance)
            _STEPS[instance.state](runtime, instance, site)
            if instance.state == "running" and machine(instance).impaired_since is None:
                sites[instance.id] = site
        commands.tick(runtime, sites)

    def _site(self, runtime: Runtime, instance: Instance) -> Site:
        place = root.directory(runtime.world, instance.id)
        held = machine(instance)
        if not held.credentials:
            held.credentials = _role_credentials(runtime, instance)
        environment = root.environment(runtime.world, place, str(instance.private_ip_address), held.credentials)
        return Site(instance.id, place, environment, runtime.processes, self._workers, held.niceness)


def fail_host(world: World, instance_id: str) -> None:
    """Let the computer under an instance fail: its processes die and its status check says impaired.

    Like with EC2, stopping and starting the instance moves it to another computer.
    """
    _failed_host(world, instance_id).touch()


def _pending(runtime: Runtime, instance: Instance, site: Site) -> None:
    """Start a machine whose image, disks and directory are there."""
    backend: Any = instance.ec2_backend
    ami = backend.amis.get(instance.image_id)
    if not machine(instance).starts and _is_second(instance):
        machine(instance).niceness = _STANDS_BACK
    root.lay_out(site.root, catalogue.neo4j_versions(ami.name if ami else None))
    root.mount(runtime.world, site.root, _devices(instance))
    supervise.begin(site)
    _move(runtime, instance, lifecycle.PENDING, lifecycle.RUNNING)


def _running(runtime: Runtime, instance: Instance, site: Site) -> None:
    held = machine(instance)
    if _failed_host(runtime.world, instance.id).exists():
        _impair(runtime, instance, site)
        return
    if held.reboot_asked or not supervise.was_begun(site):
        if site.alive():
            supervise.end(site)
            return
        with runtime.lock:
            held.reboot_asked = False
            runtime.touch("ec2")
        supervise.begin(site)
    with runtime.lock:
        devices = _devices(instance)
    root.mount(runtime.world, site.root, devices)
    supervise.look_after(site, _user_data(instance))


def _stopping(runtime: Runtime, instance: Instance, site: Site) -> None:
    if site.alive():
        supervise.end(site)
        return
    _failed_host(runtime.world, instance.id).unlink(missing_ok=True)
    with runtime.lock:
        machine(instance).impaired_since = None
    _move(runtime, instance, lifecycle.STOPPING, lifecycle.STOPPED)


def _stopped(runtime: Runtime, instance: Instance, site: Site) -> None:
    """Leave a stopped machine alone."""


def _shutting_down(runtime: Runtime, instance: Instance, site: Site) -> None:
    if site.alive():
        supervise.end(site)
        return
    for name in runtime.processes.names(site.prefix):
        runtime.processes.forget(name)
    shutil.rmtree(site.root, ignore_errors=True)
    _failed_host(runtime.world, instance.id).unlink(missing_ok=True)
    _move(runtime, instance, lifecycle.SHUTTING_DOWN, lifecycle.TERMINATED)


_STEPS = {
    "pending": _pending,
    "running": _running,
    "stopping": _stopping,
    "stopped": _stopped,
    "shutting-down": _shutting_down,
}


def _is_second(instance: Instance) -> bool:
    """Say whether a database has another server already, which must not be slowed down while this one begins."""
    own = _database(instance)
    others = (one for one in instance.ec2_backend.all_instances() if one.id != instance.id)
    return own is not None and any(_database(one) == own and one.state == "running" for one in others)


def _database(instance: Instance) -> str | None:
    return next((tag["value"] for tag in instance.get_tags() if tag["key"] == "dco:database"), None)


def _move(runtime: Runtime, instance: Instance, old: tuple[str, int], new: tuple[str, int]) -> None:
    """Move an instance on, unless something else was asked of it meanwhile."""
    with runtime.lock:
        if instance.state != old[0]:
            return
        lifecycle.become(instance, new)
        if new == lifecycle.RUNNING:
            machine(instance).starts += 1
        runtime.touch("ec2")


def _impair(runtime: Runtime, instance: Instance, site: Site) -> None:
    for child in site.alive():
        child.stop(0)
    with runtime.lock:
        held = machine(instance)
        if held.impaired_since is None:
            held.impaired_since = catalogue.iso(datetime.now(UTC))
            runtime.touch("ec2")


def _failed_host(world: World, instance_id: str) -> Any:
    return world.sandbox / "machines" / f"{instance_id}.host-failed"


def _devices(instance: Instance) -> dict[str, str]:
    """Give the volumes beside the one that the machine starts from."""
    return {
        device: block.volume_id
        for device, block in instance.block_device_mapping.items()
        if device != instance.root_device_name
    }


def _user_data(instance: Instance) -> str:
    held: Any = instance
    return held.user_data.decode() if held.user_data else ""


def _role_credentials(runtime: Runtime, instance: Instance) -> dict[str, str]:
    """Give keys of the role in the instance's profile, as the metadata service would; none without a profile."""
    backend: Any = instance.ec2_backend
    association = backend.iam_instance_profile_associations.get(instance.id)
    if association is None:
        return {}
    account, partition = runtime.world.account, backend.partition
    profiles: Any = iam_backends[account][partition].instance_profiles
    profile = next((known for known in profiles.values() if known.name == association.iam_instance_profile.name), None)
    if profile is None or not profile.roles:
        return {}
    session: Any = sts_backends[account][partition].assume_role(
        region_name=runtime.world.region,
        role_session_name=instance.id,
        role_arn=profile.roles[0].arn,
        policy="",
        duration=_SESSION_SECONDS,
        external_id="",
    )
    runtime.touch("sts", "iam", "ec2")
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }
