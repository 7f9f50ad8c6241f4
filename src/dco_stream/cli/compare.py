"""`dco-stream compare`."""

import sys
from contextlib import ExitStack, closing
from pathlib import Path

import click

from dco_stream import config
from dco_stream.cli import as_json
from dco_stream.compare import story, telling
from dco_stream.compare.addressing import Addresses, Means
from dco_stream.compare.connection import Connection
from dco_stream.errors import Damaged

SIDES = 2


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--login", multiple=True, help="Where the login for a Bolt address is kept; the second one is B's.")
@click.option("--key", multiple=True, help="Where the plugin's key for it is kept; without, all is read over Bolt.")
@click.option("--ca-file", multiple=True, help="Who signed its certificate, for bolt+s://.")
@click.option("--database", default="neo4j", show_default=True, help="Which of the server's databases.")
@click.option(
    "--share",
    type=click.FloatRange(0.01, 1),
    default=0.5,
    show_default=True,
    help="How much of the time they may read.",
)
@click.option("--without-plugin", is_flag=True, help="Read everything over Bolt, also where the plugin is there.")
@click.option("--any-transaction", is_flag=True, help="Compare although they stand at different transactions.")
@click.option("--skip-invariants", is_flag=True, help="Don't ask B the configured invariants.")
@click.option("--scratch", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A directory with room.")
@click.option("--json", "machine", is_flag=True, help="Print the verdict for machines.")
@click.pass_obj
def command(
    path: Path,
    a: str,
    b: str,
    *,
    login: tuple[str, ...],
    key: tuple[str, ...],
    ca_file: tuple[str, ...],
    machine: bool,
    **how: object,
) -> None:
    """Compare two servers that stand at the same transaction and rest, and name the first elements that differ.

    A and B are databases of the configuration (ledger is its source, ledger:follower what follows it) or Bolt
    addresses. Exit code 6 when they differ or an invariant does not hold. The verdict is good for a day.

    \b
    Examples: dco-stream compare ledger ledger:follower
              dco-stream compare bolt://10.0.1.5:7687 bolt://10.0.2.9:7687 --login env:LOGIN --key file:dco.key
    """
    addresses = Addresses(lambda: config.read(path))
    options = story.Options(
        share=float(str(how["share"])),
        any_transaction=bool(how["any_transaction"]),
        without_plugin=bool(how["without_plugin"]),
        invariants={} if how["skip_invariants"] else {**addresses.invariants(a), **addresses.invariants(b)},
        directory=Path(str(how["scratch"])) if how["scratch"] else None,
    )
    with ExitStack() as stack:
        sides = [
            stack.enter_context(
                closing(Connection(word, addresses.find(word, means), _say, database=str(how["database"])))
            )
            for word, means in zip((a, b), _means(login, key, ca_file), strict=True)
        ]
        verdict = story.compare(sides[0], sides[1], options, _say)
    if machine:
        as_json(verdict)
    else:
        click.echo("\n".join(telling.lines(verdict)))
    if not verdict.good:
        sys.exit(Damaged.exit_code)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


def _means(login: tuple[str, ...], key: tuple[str, ...], ca_file: tuple[str, ...]) -> tuple[Means, Means]:
    """Give A's and B's: what is named once is for both."""
    first, second = (
        Means(login=_pick(login, at), key=_pick(key, at), ca_file=_pick(ca_file, at)) for at in range(SIDES)
    )
    return first, second


def _pick(named: tuple[str, ...], at: int) -> str | None:
    if len(named) > SIDES:
        raise click.UsageError("there are two sides: login, key and ca-file are named once for both, or twice")
    return named[min(at, len(named) - 1)] if named else None
