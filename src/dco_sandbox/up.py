"""How a world comes up, as a story; told again over a world that is there, it only repairs what is missing."""

import json
import shlex
import socket
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dco_sandbox import access, daemon, founding, repository, stack
from dco_sandbox.story import Story
from dco_sandbox.world import World, WorldError, create

if TYPE_CHECKING:
    from dco_sandbox.images.store import Image

_HEALTHY_SECONDS = 240.0
_POLL_SECONDS = 0.3
_OK = 200
MINUTE_SECONDS = 5.0
DEMO_MINUTE_SECONDS = 1.0


def bring_up(directory: Path, story: Story, *, minute_seconds: float = MINUTE_SECONDS, validate: bool = False) -> World:
    """Make a world, or resume it, until its service answers behind the load balancer and both databases do."""
    with story.stage("Chooses a number that no other world has"):
        world = create(directory, minute_seconds=minute_seconds)
    founded = world.sandbox / "founded"
    if founded.exists():
        # What runs is what was last deployed; applying the repository here would deploy behind dco's back.
        with story.stage(f"Resumes the world at {world.endpoint}"):
            daemon.start(world, validate=validate)
    else:
        _found(world, story, validate=validate)
        founded.touch()
    with story.stage("Waits until the service is rolled out and healthy"):
        wait_until_healthy(world)
    _tell_what_next(world, story)
    return world


def _found(world: World, story: Story, *, validate: bool) -> None:
    """Make everything that a world has; what an interrupted `up` has made is found and kept."""
    with ThreadPoolExecutor(max_workers=2) as lanes:
        endpoint = lanes.submit(_serve_aws, world, story, validate=validate)
        image = lanes.submit(_prepare_sources, world, story)
        endpoint.result()
        built = image.result()
    with story.stage("Pushes the image and writes what databases and service shall run"):
        founding.found_slots(world, founding.push_image(world, built))
    with story.stage("Runs terraform init"):
        stack.init(world)
    # A service that starts before its databases looks like a bad release, and would be taken for one.
    with story.stage("Runs terraform apply for the databases, their stream and their gate"):
        stack.apply(world, "module.database", "module.stream", "module.gate")
    with story.stage("Waits until both databases answer, each through the gate"):
        wait_for_databases(world)
    with story.stage("Runs terraform apply"):
        stack.apply(world)


def _serve_aws(world: World, story: Story, *, validate: bool) -> None:
    with story.stage(f"Starts the AWS endpoint at {world.endpoint}"):
        daemon.start(world, validate=validate)
    with story.stage("Makes users, keys, the state's bucket and the databases' passwords"):
        founding.found_people(world)
        founding.found_state_bucket(world)
        founding.found_secrets(world)


def _prepare_sources(world: World, story: Story) -> "Image":
    with story.stage("Makes the repository from the sample"):
        repository.make_repository(world)
        (world.directory / "env.sh").write_text(_environment_script(world))
    with story.stage("Puts the stand-in for the AWS provider into Terraform's mirror"):
        stack.prepare_terraform(world)
    with story.stage("Builds the sample's image"):
        return founding.build_image(world)


def wait_for_databases(world: World, seconds: float = _HEALTHY_SECONDS) -> None:
    """Return once the Bolt port of each database is open, and the one at which clients find it."""
    end = time.monotonic() + seconds
    for database, address in [(one, address) for one in founding.DATABASES for address in _addresses(world, one)]:
        uri = urlsplit(address)
        while not _is_open(str(uri.hostname), uri.port or 0):
            if time.monotonic() > end:
                raise WorldError(
                    f"the {database} database does not answer at {address} after {seconds:.0f} s",
                    f"see machine-*.log in {world.sandbox / 'logs'}",
                )
            time.sleep(_POLL_SECONDS)


def _addresses(world: World, database: str) -> list[str]:
    """Give where a database's servers are, and then where clients find it."""
    place, ssm = f"/credcoin/{founding.ENVIRONMENT}/{database}", founding.client(world, "ssm")
    said = {name: ssm.get_parameter(Name=f"{place}/{name}")["Parameter"]["Value"] for name in ("addresses", "uri")}
    return [*json.loads(said["addresses"]).values(), said["uri"]]


def _is_open(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def wait_until_healthy(world: World, seconds: float = _HEALTHY_SECONDS) -> None:
    """Return once every service is rolled out and `/health`, asked through the load balancer, says well."""
    end = time.monotonic() + seconds
    while last := _what_is_missing(world):
        if time.monotonic() > end:
            raise WorldError(
                f"the service at {repository.service_url(world)} is not healthy after {seconds:.0f} s: {last}",
                f"dco-sandbox status {world.directory}; logs are in {world.sandbox / 'logs'}",
            )
        time.sleep(_POLL_SECONDS)


def _what_is_missing(world: World) -> str:
    """Return why the service is not well, or nothing when it is."""
    services = access.control(world, "GET", "status")["services"]
    for service in services:
        if service["running"] < service["desired"] or service["rollout"] == "IN_PROGRESS":
            return f"{service['running']} of {service['desired']} tasks run, rollout {service['rollout']}"
    try:
        with urllib.request.urlopen(f"{repository.service_url(world)}/health", timeout=5) as answer:  # noqa: S310
            return "" if answer.status == _OK and services else f"it answers {answer.status}"
    except (urllib.error.URLError, OSError) as error:
        return str(error)


def _environment_script(world: World) -> str:
    wanted = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "TF_CLI_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED")
    values = access.environment(world)
    return "".join(f"export {name}={shlex.quote(values[name])}\n" for name in wanted)


def _tell_what_next(world: World, story: Story) -> None:
    story.say(f"Up in {story.seconds:.1f} s: {repository.service_url(world)} (world {world.number})")
    story.say(f"  Run dco:  cd {world.repo} && . ../env.sh && dco run")
    story.say(f"  Look:     dco-sandbox status {world.directory}")
    story.say(f"  Stop:     dco-sandbox down {world.directory}")
