"""Settings from the environment, read once. ECS puts SSM parameters and secrets there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from ledger.errors import SettingsError

TASK_DEFINITION = "Set it in the task definition (environment or secrets) and start again."


@dataclass(frozen=True)
class Address:
    """Where a database is and who we are there; the password never appears in a representation."""

    name: str
    uri: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """Everything that the API and the offering may be told from outside; times are seconds."""

    ledger: Address
    search: Address
    host: str = "0.0.0.0"  # noqa: S104 -- a task listens on its own network interface
    port: int = 8080
    queue_seconds: float = 60.0
    patience_seconds: float = 15.0
    drain_seconds: float = 1.0
    offering_cron: str | None = None
    report_bucket: str | None = None
    lease_seconds: float = 15.0
    batch: int = 500


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read all settings; raise SettingsError that names the first one missing or malformed."""
    return Settings(
        ledger=read_address("ledger", environment),
        search=read_address("search", environment),
        host=environment.get("HOST", Settings.host),
        port=int(_number(environment, "PORT", Settings.port)),
        queue_seconds=_number(environment, "QUEUE_SECONDS", Settings.queue_seconds),
        patience_seconds=_number(environment, "PATIENCE_SECONDS", Settings.patience_seconds),
        drain_seconds=_number(environment, "DRAIN_SECONDS", Settings.drain_seconds),
        offering_cron=_cron(environment),
        report_bucket=environment.get("REPORT_BUCKET") or None,
        lease_seconds=_number(environment, "OFFERING_LEASE_SECONDS", Settings.lease_seconds),
        batch=int(_number(environment, "OFFERING_BATCH", Settings.batch)),
    )


def read_address(name: str, environment: Mapping[str, str]) -> Address:
    """Read `<NAME>_URI` and `<NAME>_AUTH` (JSON with username and password)."""
    uri, auth = (_required(environment, f"{name.upper()}_{part}") for part in ("URI", "AUTH"))
    try:
        secret = json.loads(auth)
        return Address(name, uri, str(secret["username"]), str(secret["password"]))
    except (ValueError, KeyError, TypeError):
        # The cause is left out on purpose: a JSON error quotes what it read, and that is a secret.
        raise SettingsError(
            f'{name.upper()}_AUTH is not JSON of the form {{"username": …, "password": …}}.',
            "Look at the secret's value in Secrets Manager.",
        ) from None


def _required(environment: Mapping[str, str], key: str) -> str:
    value = environment.get(key, "")
    if not value:
        raise SettingsError(f"The environment has no {key}.", TASK_DEFINITION)
    return value


def _number(environment: Mapping[str, str], key: str, default: float) -> float:
    text = environment.get(key) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise SettingsError(f"{key} is {text!r}, not a positive number.", TASK_DEFINITION)
    return value


def _cron(environment: Mapping[str, str]) -> str | None:
    expression = environment.get("OFFERING_CRON") or None
    try:
        if expression:
            CronSim(expression, datetime.now(UTC))
    except CronSimError as error:
        raise SettingsError(
            f"OFFERING_CRON is no cron expression: {error}.", "Write it like 5 0 * * * (UTC)."
        ) from error
    return expression
