"""`dco-stream verify`."""

import sys
from pathlib import Path

import click

from dco_stream import config, moments, verification
from dco_stream.archive.archive import Archive
from dco_stream.bucket import Bucket
from dco_stream.cli import as_json
from dco_stream.errors import Damaged
from dco_stream.verification import Verified

SHOWN = 20


@click.command()
@click.argument("database", required=False)
@click.option("--since", help="Read only what times from this one on need, for example 2026-11-26T03:15:00Z.")
@click.option("--share", type=click.FloatRange(0.01, 1), default=1.0, help="How much of the time it may read.")
@click.option("--json", "machine", is_flag=True, help="For machines; times are ms since 1970.")
@click.pass_obj
def command(path: Path, database: str | None, since: str | None, share: float, machine: bool) -> None:
    """Read every manifest, copy and piece of the log, and compare it with what was written.

    Names what is damaged or missing, and what can still be restored. Exit code 6 when there is anything.

    \b
    Example: dco-stream verify ledger --since 2026-11-20T00:00:00Z
    """
    settings = config.read(path)
    if database:
        settings.database(database)
    begin = moments.read(since) if since else None
    bucket = Bucket(settings.bucket)

    def say(sentence: str) -> None:
        click.echo(sentence, err=True)

    names = [database] if database else list(settings.databases)
    found = [verification.verify(Archive(bucket, name), begin, share, say) for name in names]
    if machine:
        as_json({one.database: one for one in found})
    else:
        for one in found:
            click.echo("\n".join(describe(one)))
    if not all(one.sound for one in found):
        sys.exit(Damaged.exit_code)


def describe(verified: Verified) -> list[str]:
    """Tell the result in lines."""
    head = f"{verified.objects} objects, {verified.bytes / 2**20:.1f} MB in {verified.seconds} s"
    lines = [f"{verified.database}: {'all as written' if verified.sound else 'NG'}; {head}"]
    lines += [f"  NG {one.why}" for one in verified.harm[:SHOWN]]
    if len(verified.harm) > SHOWN:
        lines.append(f"  NG and {len(verified.harm) - SHOWN} more: --json tells all")
    lines += [f"  NG {one}" for one in verified.broken_off]
    lines += [f"  any time can be restored from {one}" for one in verified.ranges]
    lines += [f"  NG no time can be restored between {one}" for one in verified.holes]
    return lines if verified.ranges else [*lines, "  NG nothing can be restored"]
