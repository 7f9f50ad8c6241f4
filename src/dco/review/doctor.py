"""Everything that a night needs of an environment, each with its remedy. Reads only, apart from Terraform's lock."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from shutil import which
from typing import Any

import msgspec

from dco.model.databases import Database
from dco.model.environment import Application, CommandOffering, EcsTaskOffering, Environment, HttpOffering, Service
from dco.model.errors import ConfigurationError
from dco.model.finding import Finding, Mark
from dco.record import releases
from dco.review import gates
from dco.review.checking import Check, Found
from dco.seams.outside import Outside

_KERNEL = "CALL dbms.components() YIELD name, versions, edition WITH * WHERE name = 'Neo4j Kernel' RETURN "


def checks(environment: Environment, outside: Outside, home: Path, *, send: bool) -> list[Check]:
    """Return the checks of an environment; `home` is where dco.toml lies, `send` tries the notifications."""
    return [
        ("repository", partial(_repository, outside)),
        ("release record", partial(_record, environment, outside)),
        ("offering", partial(_offering, environment, outside, home)),
        *_of_databases(environment, outside),
        *_of_applications(environment, outside),
        *_of_stacks(environment, outside),
        ("alarms", partial(_alarms, environment, outside)),
        ("policy", partial(_policy, environment)),
        ("notifications", partial(_notify, environment, outside, send=send)),
    ]


def _repository(outside: Outside) -> Found:
    released = releases.read(outside.objects)
    trouble = outside.source.trouble(released.revision if released else None)
    if not trouble:
        return Finding(Mark.OK, "repository", f"whole and clean at {outside.source.head()[:12]}")
    return tuple(Finding(Mark.NG, "repository", *_cut(sentence)) for sentence in trouble)


def _cut(sentence: str) -> tuple[str, str]:
    what, _, remedy = sentence.partition(": ")
    return what, remedy


def _record(environment: Environment, outside: Outside) -> Finding:
    released = releases.read(outside.objects)
    if released is None:
        return Finding(Mark.NG, "release record", "nothing was ever released", "run `dco adopt` once")
    if released.environment != environment.name:
        what = f"it is of environment {released.environment}, dco.toml is of {environment.name}"
        return Finding(Mark.NG, "release record", what, "correct name, or bucket under [state], in dco.toml")
    return Finding(Mark.OK, "release record", f"{released.revision[:12]} since {released.at}")


def _offering(environment: Environment, outside: Outside, home: Path) -> Finding:
    offering = environment.offering
    if isinstance(offering, EcsTaskOffering):
        newest = outside.services.newest(offering.task_definition)
        outside.services.rollout(offering.cluster, offering.network_of)
        return Finding(Mark.OK, "offering", f"{newest.rpartition('/')[2]} in the network of {offering.network_of}")
    if isinstance(offering, CommandOffering):
        program = offering.command[0] if offering.command else ""
        if program and (which(program) or (home / program).is_file()):
            return Finding(Mark.OK, "offering", f"{program} is there")
        return Finding(Mark.NG, "offering", f"there is no program {program!r}", "correct command under [offering]")
    if isinstance(offering, HttpOffering):
        return Finding(Mark.SKIP, "offering", f"{offering.url} is called by a night only")
    database = _database(environment, offering.database)
    begun, ended = (outside.graphs.ask(database, question) for question in (offering.began, offering.ended))
    return Finding(Mark.OK, "offering", f"observed: began {str(begun).lower()}, ended {str(ended).lower()}")


def _database(environment: Environment, name: str) -> Database:
    if name not in environment.databases:
        raise ConfigurationError(f"dco.toml has no [databases.{name}]", f"add it, or correct {name}")
    return environment.databases[name]


def _of_databases(environment: Environment, outside: Outside) -> Iterable[Check]:
    for name, database in environment.databases.items():
        yield f"database {name}", partial(_answers, name, database, outside)
        yield f"backup of {name}", partial(_backup, name, database, outside)
        yield f"gate of {name}", partial(_gate, name, database, outside)
    if (quiet := environment.offering.quiet) is not None:
        yield "quiet question", partial(_quiet, environment, quiet.database, quiet.cypher, outside)


def _answers(name: str, database: Database, outside: Outside) -> Found:
    what = f"database {name}"
    slot = outside.parameters.get(database.slot)
    if slot is None:
        return Finding(Mark.NG, what, f"its slot {database.slot} does not exist", "create it, or correct slot")
    try:
        version = str(msgspec.json.decode(slot, type=dict[str, Any])["version"])
    except (msgspec.DecodeError, KeyError):
        return Finding(Mark.NG, what, f"its slot {database.slot} names no version", 'write {"image", "version", …}')
    if not outside.graphs.ask(database, _KERNEL + f"{msgspec.json.encode(version).decode()} IN versions"):
        return Finding(Mark.NG, what, f"it answers, but does not run Neo4j {version}", f"see {database.slot}")
    if not outside.graphs.ask(database, _KERNEL + "edition = 'community'"):
        return Finding(Mark.NG, what, f"it runs Neo4j {version} of an edition that is unproved here", "use Community")
    return Finding(Mark.OK, what, f"Neo4j {version} community answers at Bolt")


def _backup(name: str, database: Database, outside: Outside) -> Found:
    """What the stream and the plugin say; each is refused where it is unproved."""
    what = f"backup of {name}"
    if not (database.plugin_secret and database.servers_parameter):
        detail = "no stream keeps it: it has no plugin_secret and servers_parameter, a move takes a dump with its pause"
        return Finding(Mark.SKIP, what, detail)
    found = outside.backups.examine(name)
    return tuple(msgspec.structs.replace(one, what=f"database {name}, {one.what}") for one in found)


def _gate(name: str, database: Database, outside: Outside) -> Found:
    if database.gate is None:
        return Finding(Mark.SKIP, f"gate of {name}", "it has none: a switch changes the address that clients read")
    return gates.findings(name, database, outside)


def _quiet(environment: Environment, name: str, cypher: str, outside: Outside) -> Finding:
    says = outside.graphs.ask(_database(environment, name), cypher)
    return Finding(Mark.OK, "quiet question", f"the database answers {'yes' if says else 'no'}")


def _of_applications(environment: Environment, outside: Outside) -> Iterable[Check]:
    for name, application in environment.applications.items():
        yield f"image of {name}", partial(_image, name, application, outside)
        for service in application.services.values():
            yield f"service {service.name}", partial(_service, service, outside)
        for key, url in (("version", application.version_url), ("health", application.health_url)):
            yield f"{key} of {name}", partial(_url, f"{key} of {name}", f"{key}_url", url, outside)


def _image(name: str, application: Application, outside: Outside) -> Finding:
    what = f"image of {name}"
    slot = outside.parameters.get(application.image_parameter)
    if slot is None:
        remedy = "create it with the image that runs, as REPOSITORY@sha256:…"
        return Finding(Mark.NG, what, f"its slot {application.image_parameter} does not exist", remedy)
    if not outside.images.exists(slot):
        return Finding(Mark.NG, what, f"the registry does not have {slot}", "push it again, or set the slot back")
    return Finding(Mark.OK, what, f"{slot.rpartition('@')[2][:19]} is in the registry")


def _service(service: Service, outside: Outside) -> Finding:
    what = f"service {service.name}"
    now = outside.services.rollout(service.cluster, service.name, service.container)
    if not now.settled:
        detail = f"{now.running} of {now.wanted} tasks run, {now.state}: {'; '.join(now.events[:1])}"
        return Finding(Mark.NG, what, detail, "wait until its rollout has ended, or see its events")
    return Finding(Mark.OK, what, f"{now.running} of {now.wanted} tasks run {now.revision.rpartition('/')[2]}")


def _url(what: str, key: str, url: str | None, outside: Outside) -> Finding:
    if url is None:
        return Finding(Mark.SKIP, what, f"no {key} is set: what serves is read from the tasks only")
    answer = outside.web.ask(url)
    if answer.status == 200:  # noqa: PLR2004  # HTTP's own
        return Finding(Mark.OK, what, f"{url} answers 200")
    return Finding(Mark.NG, what, f"{url} answers {answer.status or answer.body[:200]}", f"correct {key}, or mend it")


def _of_stacks(environment: Environment, outside: Outside) -> Iterable[Check]:
    for name in environment.stacks:
        yield f"stack {name}", partial(_stack, name, environment, outside)


def _stack(name: str, environment: Environment, outside: Outside) -> Finding:
    """Initialise and plan under the state's lock: providers, backend, inputs and lock are all proved at once."""
    place = outside.directory / "doctor" / name
    outside.source.export(outside.source.head(), place / "root")
    file = place / "saved.tfplan"
    try:
        planned = outside.stacks.plan(environment.stacks[name], place / "root", file, lock=True)
    finally:
        file.unlink(missing_ok=True)
    would = f"would change {len(planned.addresses)}" if planned.changed else "nothing to change"
    return Finding(Mark.OK, f"stack {name}", f"initialised and planned, lock free, serial {planned.serial}, {would}")


def _alarms(environment: Environment, outside: Outside) -> Found:
    names = environment.verify.alarms
    if not names:
        return Finding(Mark.SKIP, "alarms", "none are named under [verify]: a bad release is seen by health alone")
    ringing = outside.alarms.ringing(names)
    if ringing:
        remedy = "see what it watches: while it rings, every deployment is taken back"
        return tuple(Finding(Mark.NG, "alarms", f"rings: {alarm}", remedy) for alarm in ringing)
    return Finding(Mark.OK, "alarms", f"all {len(names)} exist and are silent")


def _policy(environment: Environment) -> Finding:
    policy = environment.policy
    if environment.mode == "observe":
        return Finding(Mark.SKIP, "policy", 'mode = "observe": nothing is deployed')
    if policy.automatic_below != "never-ask" and not policy.approvers:
        remedy = "name approvers under [policy]"
        return Finding(Mark.NG, "policy", "it asks for approvals that nobody may give", remedy)
    return Finding(Mark.OK, "policy", f"asks {policy.approvals} from risk {policy.automatic_below} on")


def _notify(environment: Environment, outside: Outside, *, send: bool) -> Found:
    notify = environment.notify
    if notify.webhook is None and notify.sns_topic is None:
        return Finding(Mark.SKIP, "notifications", "neither webhook nor sns_topic is set under [notify]")
    if not send:
        return Finding(Mark.SKIP, "notifications", "tried with --send only")
    failed = outside.notices.send(f"{environment.name}: dco doctor", "A test. Nothing has happened.", {})
    if failed:
        return tuple(Finding(Mark.NG, "notifications", one, "correct [notify] in dco.toml") for one in failed)
    return Finding(Mark.OK, "notifications", "a test message was taken")
