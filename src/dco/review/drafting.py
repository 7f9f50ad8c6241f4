"""A first dco.toml from what was found and said. What nobody knows is left for a person, and named."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from dco.model.survey import Account, Checkout, Running, Wish

_OFFERING_WORDS = ("offering", "nightly", "daily", "cron", "batch")

Line = tuple[str, Any, str]
"""A key, its value (None when a person must say it), and a remark."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a dco.toml, and the keys that a person has to fill in."""

    text: str
    left: tuple[str, ...]


def draft(checkout: Checkout, account: Account, wish: Wish) -> Draft:
    """Return a dco.toml. Of what the account holds, only names that contain the environment's are taken."""
    tables: dict[str, list[Line]] = {
        "": [("name", wish.name, ""), ("mode", "observe", 'reports only; "act" deploys')],
        "aws": [("region", wish.region or None, ""), *_if("account", account.account, "any other is refused")],
        "state": [("bucket", wish.bucket or None, "versioned, with object lock: terraform/runner makes it")],
        "offering": _offering(account, wish),
        **_databases(account, wish),
        **_applications(checkout, account, wish),
        **_stacks(checkout, wish),
        **({"workflows": [("directory", checkout.workflows, "")]} if checkout.workflows else {}),
        "verify": [("alarms", _alarms(account, wish), "they end a bad release")],
        "policy": [
            ("automatic_below", "medium", 'plans of a lower risk start by themselves; "low" always asks'),
            ("approvers", [], f'such as "arn:aws:iam::{account.account or "123456789012"}:user/*"'),
        ],
    }
    left = [f"{table}.{key}" if table else key for table, lines in tables.items() for key, v, _ in lines if v is None]
    return Draft(text=_text(tables), left=tuple(left))


def likely_family(account: Account, name: str) -> str:
    """Return the task family that looks like the environment's offering, empty when none does."""
    of_environment = [family for family in account.families if name in family]
    named = [family for family in of_environment if any(word in family for word in _OFFERING_WORDS)]
    return next(iter(named or (of_environment if len(of_environment) == 1 else [])), "")


def likely_bucket(account: Account, name: str) -> str:
    """Return the bucket that looks like dco's own, empty when none does."""
    return next((bucket for bucket in account.buckets if name in bucket and "dco" in bucket.split("-")), "")


def likely_name(account: Account) -> str:
    """Return the environment's name from the clusters' names."""
    for running in account.services:
        for word in reversed(running.cluster.split("-")):
            if word in {"production", "prod", "staging", "stage", "dev", "development"}:
                return word
    return "production"


def _offering(account: Account, wish: Wish) -> list[Line]:
    if wish.command:
        return [("kind", "command", ""), ("command", list(wish.command), "")]
    near = next(iter(_services(account, wish)), None)
    return [
        ("kind", "ecs-task", 'or "command", "http", "observe"'),
        ("cluster", near.cluster if near else None, ""),
        ("task_definition", wish.family or None, "the nightly job's family"),
        ("network_of", near.name if near else None, "the service whose network it uses"),
    ]


def _services(account: Account, wish: Wish) -> list[Running]:
    return [one for one in account.services if wish.name in one.cluster or wish.name in one.name]


def _databases(account: Account, wish: Wish) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for parameter in account.parameters:
        parent, _, last = parameter.rpartition("/")
        name = parent.rpartition("/")[2]
        if last != "uri" or wish.name not in parameter.split("/"):
            continue
        slot, secret = f"{parent}/slot", parent.strip("/")
        found[f"databases.{name}"] = [
            ("uri_parameter", parameter, ""),
            ("secret", secret if secret in account.secrets else None, "username and password as JSON"),
            ("slot", slot if slot in account.parameters else None, "image, version and colour as JSON"),
        ]
    return found


def _applications(checkout: Checkout, account: Account, wish: Wish) -> dict[str, list[Line]]:
    """One application an image; all services that run it belong to it."""
    by_image: dict[str, list[Running]] = {}
    for running in _services(account, wish):
        by_image.setdefault(_repository(running.image), []).append(running)
    found: dict[str, list[Line]] = {}
    for repository, services in by_image.items():
        name = services[0].name
        table = f"applications.{name}"
        found[table] = _application(checkout, account, wish, repository, name)
        found[f"{table}.builder"] = _builder(account, wish, name)
        for service in services:
            found[f"{table}.services.{service.name}"] = [
                ("cluster", service.cluster, ""),
                ("name", service.name, ""),
                ("family", service.family, ""),
                ("container", service.container, ""),
                ("singleton", False, "true when a scheduler lives inside"),
            ]
    return found


def _application(checkout: Checkout, account: Account, wish: Wish, repository: str, name: str) -> list[Line]:
    families = [family for family, image in account.families.items() if _repository(image) == repository]
    return [
        ("repository", repository, ""),
        ("image_parameter", _parameter(account, wish, name, "image"), "names the image by digest"),
        ("dockerfile", next(iter(checkout.dockerfiles), None), ""),
        *_if("families", [family for family in families if wish.name in family], "run the image, no service"),
    ]


def _builder(account: Account, wish: Wish, name: str) -> list[Line]:
    built = _parameter(account, wish, name, "built")
    return [("kind", "given", 'or "command", "codebuild"'), ("parameter", built, "where CI says which image it built")]


def _parameter(account: Account, wish: Wish, name: str, last: str) -> str | None:
    wanted = [p for p in account.parameters if p.endswith(f"/{name}/{last}") and wish.name in p.split("/")]
    return next(iter(wanted), None)


def _alarms(account: Account, wish: Wish) -> list[str]:
    """Leave out the alarms by which AWS scales a service: they ring in the ordinary course of a day."""
    return [name for name in account.alarms if wish.name in name and not name.startswith("TargetTracking-")]


def _stacks(checkout: Checkout, wish: Wish) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for directory in checkout.stacks:
        name = "main" if len(checkout.stacks) == 1 else directory.replace("/", "-").strip(".-") or "root"
        found[f"stacks.{name}"] = [
            ("directory", directory, ""),
            *_if("var_files", _of(checkout.var_files, directory, wish), ""),
            *_if("backend_config", _of(checkout.backends, directory, wish), ""),
        ]
    return found


def _of(files: Mapping[str, tuple[str, ...]], directory: str, wish: Wish) -> list[str]:
    return [file for file in files.get(directory, ()) if file.startswith(wish.name)]


def _repository(image: str) -> str:
    head, slash, last = image.partition("@")[0].rpartition("/")
    return head + slash + last.partition(":")[0]


def _if(key: str, value: Any, remark: str) -> list[Line]:
    return [(key, value, remark)] if value else []


def _text(tables: Mapping[str, Iterable[Line]]) -> str:
    lines = ["# Written by `dco init`. Every key: docs/configuration.md"]
    for table, keys in tables.items():
        lines += ["", f"[{table}]"] if table else []
        lines += [_line(*key) for key in keys]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any, remark: str) -> str:
    """A key that nobody knows stays commented out: a guess would pass for knowledge."""
    if value is None:
        return f'# {key} = "…"    # FOR YOU TO SAY' + (f": {remark}" if remark else "")
    return f"{key} = {_value(value)}" + (f"    # {remark}" if remark else "")


def _value(value: Any) -> str:
    """A JSON string, number, truth or list of strings is the same in TOML."""
    return msgspec.json.encode(value).decode()
