"""All that the outside does for us, in one value that wiring makes and the flow hands to operations."""

from dataclasses import dataclass
from pathlib import Path

from dco.seams.alarms import Alarms
from dco.seams.backups import Backups
from dco.seams.catalogue import Catalogue
from dco.seams.clock import Clock
from dco.seams.commands import Commands
from dco.seams.fleet import Fleet
from dco.seams.gates import Gates
from dco.seams.graphs import Graphs
from dco.seams.hosts import Hosts
from dco.seams.identity import Identity
from dco.seams.images import Images
from dco.seams.notices import Notices
from dco.seams.objects import Objects
from dco.seams.parameters import Parameters
from dco.seams.servers import Servers
from dco.seams.services import Services
from dco.seams.source import Source
from dco.seams.stacks import Stacks
from dco.seams.surroundings import Surroundings
from dco.seams.volumes import Volumes
from dco.seams.web import Web


@dataclass(frozen=True)
class Outside:
    """The seams of one environment; `directory` is the engine's own place on the local disk."""

    directory: Path
    alarms: Alarms
    backups: Backups
    catalogue: Catalogue
    clock: Clock
    commands: Commands
    fleet: Fleet
    gates: Gates
    graphs: Graphs
    hosts: Hosts
    identity: Identity
    images: Images
    notices: Notices
    objects: Objects
    parameters: Parameters
    servers: Servers
    services: Services
    source: Source
    stacks: Stacks
    surroundings: Surroundings
    volumes: Volumes
    web: Web
