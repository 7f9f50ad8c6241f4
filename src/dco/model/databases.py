"""What `dco.toml` says about databases: where they are, how they are backed up, and how they are redeployed."""

from typing import Literal

from dco.model.section import Section


class Gate(Section, frozen=True, kw_only=True):
    """The gates through which clients reach a database: how `dco` gives them orders. One of the first two keys."""

    control: list[str] = []
    """Control addresses, `http://HOST:PORT`, one a gate."""
    control_parameter: str | None = None
    """The parameter with these addresses as a JSON list; `terraform/gate` writes it."""
    secret: str
    """The secret with JSON of `key`, which each gate has in its key file."""

    def __post_init__(self) -> None:
        """Refuse none and both."""
        if bool(self.control) == (self.control_parameter is not None):
            raise ValueError("say exactly one of control and control_parameter")


class Database(Section, frozen=True, kw_only=True):
    """A Neo4j database: where its address and password are kept, and the slot that says what it runs."""

    uri_parameter: str
    secret: str
    slot: str
    plugin_secret: str | None = None
    """The secret with JSON of `key`, by which `dco` and its stream call the plugin; not for the application."""
    servers_parameter: str | None = None
    """The parameter that says which server the stream reads, and which one follows it."""
    addresses_parameter: str | None = None
    """The parameter with the address of each server that runs, JSON by colour; `terraform/database` writes it."""
    gate: Gate | None = None
    switch: Literal["gate", "connection-string"] = "gate"
    """How clients get to another server: a gate moves them, or `uri_parameter` is set and every service rolled."""
    invariants: dict[str, str] = {}
    """Name → Cypher that must answer true on what was restored or switched to."""

    @property
    def moves(self) -> bool:
        """Tell whether it is set up to be redeployed while it is in use."""
        needed = (self.plugin_secret, self.servers_parameter, self.addresses_parameter)
        return all(one is not None for one in needed) and (self.gate is not None or self.by_string)

    @property
    def by_string(self) -> bool:
        """Tell whether its clients move by the connection string."""
        return self.switch == "connection-string"

    def __post_init__(self) -> None:
        """Refuse a gate that nobody would be moved by."""
        if self.gate is not None and self.by_string:
            raise ValueError('with a gate, switch is "gate"')


class Backup(Section, frozen=True, kw_only=True):
    """Where the stream keeps backups of the databases that have `plugin_secret` and `servers_parameter`."""

    bucket: str | None = None
    """The bucket of [state] when it is not named."""
    prefix: str = "stream/"
    days: float = 14
    """Until when any second can be restored; as the stream's own service was told."""
    verify_days: float = 7
    """After how long without `dco backup verify` `dco doctor` complains."""
    neo4j: str | None = None
    """Where Neo4j is installed on the machine that restores; `{version}` in it is the version that the slot names."""

    def home(self, version: str) -> str | None:
        """Return where Neo4j of a version is installed."""
        return self.neo4j.replace("{version}", version) if self.neo4j else None


class Redeploy(Section, frozen=True, kw_only=True):
    """How databases are redeployed: by which stack, within which limits, and what takes them back in the bake."""

    seed: Literal["bolt", "snapshot"] = "bolt"
    """How a second server gets its first copy: over the network, or by an EBS snapshot, for stores of many GB."""
    stack: str | None = None
    """The stack that makes the databases' servers; need not be named where there is one."""
    time_box_seconds: float = 5
    """How long clients may wait in a switch before all stays as it was."""
    window_minutes: float = 30
    """How long before the next offering a redeploy must have begun."""
    follow_minutes: float = 240
    """How long a new server may take until it follows closely."""
    lag_transactions: int = 1000
    """So few transactions behind is closely."""
    longest_transaction_seconds: float = 30
    """A transaction that is open for longer keeps a switch from beginning."""
    bake_hours: float = 24
    look_seconds: float = 30
    """Between two looks in the bake."""
    looks_allowed: int = 2
    """So many looks in a row may find something bad before it goes back."""
    sessions_allowed: int = 5
    """So many sessions may fail at a gate in the bake before it goes back."""
    latency_allowed: float = 5
    """So many times as long as before may a transaction at a gate take before it goes back; 0 for any."""
    keep_days: float = 7
    """How long the volume of a retired server is kept."""
