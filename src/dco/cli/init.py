"""`dco init`."""

import os
import shlex
from pathlib import Path

import click

from dco import settings
from dco.model.errors import ConfigurationError, DcoError, Refused
from dco.model.survey import Account, Checkout, Wish
from dco.review import drafting


@click.command()
@click.option("--yes", is_flag=True, help="Ask nothing: take what is found.")
@click.option("--force", is_flag=True, help="Write over a dco.toml that is there.")
@click.option("--name", help="The environment's name: production, staging, …")
@click.option("--region", help="The AWS region.")
@click.option("--offering", "words", help="The command that is the offering; else a task family is looked for.")
@click.pass_obj
def command(directory: Path, yes: bool, force: bool, name: str | None, region: str | None, words: str | None) -> None:
    """Write a dco.toml by asking and looking.

    Looks through the repository, and through the account when credentials work. Of the account it takes only what has
    the environment's name in its own. Keys that nobody knows are left commented out, and named at the end.

    \b
    Examples: dco init
              dco init --yes --name staging --region eu-central-1
    """
    file = directory / settings.FILE
    if file.exists() and not force:
        raise Refused(f"there is a {file} already", "`dco init --force` writes over it; `dco doctor` checks it")
    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    if not yes:
        region = click.prompt("AWS region", default=region or None)
    account = _account(directory, region)
    wish = _wish(account, name, region, words, ask=not yes)
    checkout = _checkout(directory)
    made = drafting.draft(checkout, account, wish)
    file.write_text(made.text, encoding="utf-8")
    click.echo(f"wrote {file}: environment {wish.name}, mode observe")
    click.echo(f"  {len(account.services)} services, {len(checkout.stacks)} Terraform roots were found")
    _next(directory, made.left)


def _account(directory: Path, region: str) -> Account:
    """Look through the account; without credentials, say so and go on with an empty one."""
    from dco.wiring import looks  # noqa: PLC0415  # the help must be fast

    try:
        if not region:
            raise ConfigurationError("no region is known: say --region, or set AWS_REGION")
        return looks.survey_account(directory, region)
    except DcoError as error:
        click.echo(f"{click.style('the account was not looked at:', fg='yellow')} {error.what}")
        return Account(account="")


def _checkout(directory: Path) -> Checkout:
    from dco.wiring import looks  # noqa: PLC0415  # the help must be fast

    return looks.survey_checkout(directory)


def _wish(account: Account, name: str | None, region: str, words: str | None, *, ask: bool) -> Wish:
    name = name or drafting.likely_name(account)
    if ask:
        name = click.prompt("Name of the environment", default=name)
    bucket = drafting.likely_bucket(account, str(name))
    family = drafting.likely_family(account, str(name))
    if ask:
        bucket = click.prompt("Bucket for dco's records (versioned, with object lock)", default=bucket)
        family = "" if words else click.prompt("Task family of the nightly job (empty: a command)", default=family)
        words = words or ("" if family else click.prompt("Command of the nightly job", default=""))
    return Wish(name=str(name), region=region, bucket=bucket, family=family, command=tuple(shlex.split(words or "")))


def _next(directory: Path, left: tuple[str, ...]) -> None:
    """Say what a person has to fill in, and what comes after."""
    for key in left:
        click.echo(f"  {click.style('for you to say:', fg='yellow')} {key}, for example: {_example(key)}")
    trouble = settings.read(directory).trouble
    if trouble is not None and not left:
        click.echo(f"  {click.style('for you to mend:', fg='yellow')} {trouble.what}; {trouble.remedy}")
    click.echo("next: " + ("fill in what is left, then " if left else "") + "dco doctor, dco adopt, dco run")


def _example(key: str) -> str:
    return settings.example(key.rpartition(".")[2])
