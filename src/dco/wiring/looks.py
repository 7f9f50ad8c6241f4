"""What looks and records without a night: detection, rehearsal, adoption, the doctor."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dco.detect.ages import ages
from dco.flow import adopting, rehearsing, renewing
from dco.flow.rehearsing import Rehearsal
from dco.flow.resuming import new_key
from dco.model.environment import Aws, Environment
from dco.model.errors import ConfigurationError
from dco.model.finding import Finding, Mark
from dco.model.look import Compared
from dco.model.release import Release
from dco.model.survey import Account, Checkout
from dco.model.watching import EndOfLife
from dco.providers import checkout
from dco.providers.aws import examination
from dco.providers.aws.session import AwsSession
from dco.providers.aws.survey import survey as look_through
from dco.providers.clock import SystemClock
from dco.providers.machine import disk, git, python
from dco.providers.registries.catalogue import HttpCatalogue
from dco.providers.terraform.version import look as terraform
from dco.review.checking import Check, check_all
from dco.review.doctor import checks
from dco.settings import FILE, read
from dco.wiring.connect import note, outside, own_directory

if TYPE_CHECKING:
    pass

Tell = Callable[[str], None]


def see(
    directory: Path, environment: Environment, since: str | None, until: str | None, night: str | None = None
) -> Compared:
    """Look for changes in everything: files, what runs, what Terraform would do, what is new elsewhere."""
    world = outside(directory, environment)
    seen = rehearsing.compare(environment, world, since, until, night)
    begin, end = seen.released.revision, seen.revision
    touched = ages(seen.changes.changes, world.source.touched(begin, end))
    return Compared(before=begin, after=end, changes=seen.changes, not_looked_at=(), ages=touched)


def rehearse(directory: Path, environment: Environment) -> Rehearsal:
    """Do what a night does up to its plan; writes nothing to AWS."""
    return rehearsing.rehearse(environment, outside(directory, environment))


def adopt(directory: Path, environment: Environment, revision: str | None, *, again: bool) -> Release:
    """Record what runs now as the first release, and say so in the journal."""
    world = outside(directory, environment)
    night = new_key(world.clock.now()) + "-adopt"
    release = adopting.adopt(environment, world, revision, night, again=again)
    note(world, f"{world.identity.caller()} records what runs as release {release.fingerprint} of {release.revision}")
    return release


def doctor(directory: Path, *, send: bool) -> tuple[Finding, ...]:
    """Check everything that a night needs; never raises. What needs a readable dco.toml is skipped without one."""
    machine: list[Check] = [("python", python), ("git", git), ("terraform", terraform)]
    try:
        environment = read(directory).needed()
    except ConfigurationError as error:
        wrong = Finding(Mark.NG, FILE, error.what, error.remedy)
        rest = Finding(Mark.SKIP, "everything else", f"it needs {FILE}")
        return (*check_all(machine), wrong, rest)
    aws = AwsSession(environment.aws, directory)
    account: list[Check] = [
        (FILE, lambda: Finding(Mark.OK, FILE, f"environment {environment.name}, mode {environment.mode}")),
        ("disk", lambda: disk(own_directory(directory, environment))),
        ("credentials", lambda: examination.identity(aws)),
        ("clock", lambda: examination.clock(aws)),
        ("bucket", lambda: examination.bucket(aws, environment.state.bucket)),
    ]
    return check_all([*machine, *account, *checks(environment, outside(directory, environment), directory, send=send)])


def lifetimes(directory: Path, environment: Environment, *, renew: bool) -> tuple[str, ...]:
    """Show the table of ends of support, or renew it; return sentences."""
    wish, now = environment.end_of_life or EndOfLife(), SystemClock().now()
    if renew:
        return renewing.renew(directory, wish, HttpCatalogue(environment.registries), now)
    return renewing.show(directory, wish, now)


def survey_account(directory: Path, region: str) -> Account:
    """Look through the account of the usual credentials for what a dco.toml could name."""
    return look_through(AwsSession(Aws(region=region), directory))


def survey_checkout(directory: Path) -> Checkout:
    """Look through a directory for what a dco.toml could name."""
    return checkout.survey(directory)
