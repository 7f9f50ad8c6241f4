"""Traffic from the command line: `python -m dco_sandbox.traffic --url … --seconds … --json`."""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import click
import msgspec

from dco_sandbox.traffic.load import run
from dco_sandbox.traffic.proof import Proof, prove
from dco_sandbox.traffic.report import Report


@click.command()
@click.option("--url", required=True, help="Where the API answers, for example http://127.0.0.1:8080.")
@click.option("--seconds", type=float, default=60.0, show_default=True, help="How long; at most an hour.")
@click.option("--reads", type=float, default=20.0, show_default=True, help="Reads a second.")
@click.option("--writes", type=float, default=5.0, show_default=True, help="Writes a second.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the mix of requests.")
@click.option("--journal", type=click.Path(path_type=Path), default=Path("traffic.jsonl"), show_default=True,
              help="File to which writes sent and acknowledged are appended.")  # fmt: skip
@click.option("--prove", "ledger", metavar="URI", help="Prove the writes in this ledger afterwards (bolt://…); "
              "LEDGER_AUTH in the environment is JSON with username and password.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def main(
    *,
    url: str,
    seconds: float,
    reads: float,
    writes: float,
    seed: int,
    journal: Path,
    ledger: str | None,
    as_json: bool,
) -> None:
    """Send reads and writes to the sample's API and report; exits 1 when a request failed or a write is not proved.

    SIGTERM and Ctrl-C end the traffic early; the report is still printed.

    Example: python -m dco_sandbox.traffic --url http://127.0.0.1:8080 --seconds 30 --writes 10
    """
    auth = _auth() if ledger else ("", "")
    report = run(
        url, reads=reads, writes=writes, seconds=seconds, stop=_stopped_by_signals(), seed=seed, journal=journal
    )
    proof = prove(ledger, auth, journal) if ledger else None
    _show(report, proof, as_json=as_json)
    sys.exit(1 if report.failed or (proof and not proof.holds) else 0)


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()

    def told(_: int, __: FrameType | None) -> None:
        stop.set()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, told)
    return stop


def _auth() -> tuple[str, str]:
    try:
        secret: dict[str, str] = json.loads(os.environ["LEDGER_AUTH"])
        return secret["username"], secret["password"]
    except (KeyError, ValueError, TypeError):
        raise click.UsageError(
            '--prove needs LEDGER_AUTH: {"username": …, "password": …} in the environment.'
        ) from None


def _show(report: Report, proof: Proof | None, *, as_json: bool) -> None:
    if as_json:
        shown: dict[str, Any] = msgspec.to_builtins(report)
        if proof:
            shown["proof"] = {"holds": proof.holds, **msgspec.to_builtins(proof)}
        print(json.dumps(shown, indent=2))
        return
    print(report.sentence())
    if proof:
        print(proof.sentence())


if __name__ == "__main__":
    main()
