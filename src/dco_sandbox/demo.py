"""`make demo`: a person watches nights on a whole system: a quiet one, a deployment under traffic, a bad release."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import click

from dco_sandbox import down, founding, repository, up
from dco_sandbox.access import environment
from dco_sandbox.story import Story
from dco_sandbox.world import World, WorldError

_BIN = Path(sys.executable).parent
_APPROVAL_SECONDS = 300.0


class Demo:
    """The acts, played with the commands that a person types, in a world of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._traffic: subprocess.Popen[str] | None = None

    def play(self) -> None:
        """Play all acts. Raises `WorldError` for an act that did not end as it must."""
        self._act("The first release record is read from what runs")
        self._dco(0, "adopt")
        self._begin_traffic()
        self._act("A quiet night: the offering ends well, nothing has changed")
        self._dco(0, "run")
        self._act("A new version and a changed stack: planned, approved by alice from another process, deployed")
        self._release("stack")
        self._release("good")
        self._dco(0, "run", approver="alice")
        self._act("A bad release: it starts, never gets healthy, and is put back")
        self._release("never-healthy")
        self._dco(5, "run", approver="bob")
        self._act("The next night finds it again, and keeps it out")
        self._dco(4, "run")
        self._act("Both databases move to a newer Neo4j while they are in use: copied, proved, approved, switched")
        image, version = founding.newest_database_image(self._world, "neo4j-community-2026.08.*")
        databases = ("ledger", "search")
        self._dco(0, "redeploy", *databases, "--image", image, "--version", version, approver="alice")
        self._act("And back, losing nothing of what was written since")
        self._dco(0, "rollback", "--why", "the demo shows the way back")
        self._act("What the clients saw of all this")
        self._end_traffic()
        self._act("What is written down")
        self._dco(0, "history")
        self._dco(0, "journal", "verify")

    def close(self) -> None:
        """Stop the traffic if it still runs."""
        if self._traffic is not None and self._traffic.poll() is None:
            self._traffic.kill()
            self._traffic.wait()

    def _act(self, sentence: str) -> None:
        click.echo(f"\n{click.style('▶', fg='cyan')} {click.style(sentence, bold=True)}")

    def _release(self, kind: str) -> None:
        click.echo(f"  $ dco-sandbox release {self._world.directory.name} {kind}")
        self._run([str(_BIN / "dco-sandbox"), "release", str(self._world.directory), kind], 0)

    def _dco(self, expected: int, *arguments: str, approver: str | None = None) -> None:
        click.echo(f"  $ dco {' '.join(arguments)}")
        helper = threading.Thread(target=self._approve, args=(approver,), daemon=True) if approver else None
        if helper is not None:
            helper.start()
        self._run([str(_BIN / "dco"), *arguments], expected)

    def _approve(self, person: str) -> None:
        """Wait until a night waits for approval, then approve it as that person, in a process of its own."""
        end = time.monotonic() + _APPROVAL_SECONDS
        values = {**os.environ, **environment(self._world)}
        while time.monotonic() < end:
            status = self._quietly(["status", "--json"], values)
            waits = json.loads(status.stdout)["waits"] if status.returncode == 0 else None
            if waits:
                click.echo(f"  {click.style(person, fg='cyan')}$ AWS_PROFILE={person} dco approve {waits}")
                said = self._quietly(["approve", waits], {**values, "AWS_PROFILE": person})
                click.echo(f"    {(said.stdout or said.stderr).strip()}")
                return
            time.sleep(0.5)

    def _quietly(self, arguments: list[str], values: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(_BIN / "dco"), *arguments],
            cwd=self._world.repo,
            env=values,
            capture_output=True,
            text=True,
            check=False,
        )

    def _run(self, command: list[str], expected: int) -> None:
        values = {**os.environ, **environment(self._world)}
        values.pop("AWS_PROFILE", None)
        process = subprocess.Popen(
            command, cwd=self._world.repo, env=values, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None  # noqa: S101  # asked for above
        for line in process.stdout:
            click.echo(f"    {line}", nl=False)
        if (code := process.wait()) != expected:
            raise WorldError(
                f"{' '.join(command[1:])} ended with exit code {code}, not {expected}",
                f"the world is in {self._world.directory}; its logs are in sandbox/logs",
            )

    def _begin_traffic(self) -> None:
        """Send reads and writes from now on, until told to stop; what is acknowledged is kept."""
        url = repository.service_url(self._world)
        click.echo(f"  traffic: 20 reads and 5 writes a second to {url}")
        self._traffic = subprocess.Popen(
            [str(_BIN / "dco-sandbox"), "traffic", str(self._world.directory), "--prove", "--seconds", "1800"],
            stdout=subprocess.PIPE,
            text=True,
        )

    def _end_traffic(self) -> None:
        assert self._traffic is not None  # noqa: S101  # begun in the first act
        self._traffic.send_signal(signal.SIGTERM)
        said, _ = self._traffic.communicate(timeout=60)
        for line in said.splitlines():
            click.echo(f"    {line}")
        if self._traffic.returncode != 0:
            raise WorldError("a request failed, or a write is not in the ledger exactly once", "the report is above")


@click.command()
@click.option("--keep", is_flag=True, help="Leave the world up.")
@click.option("--directory", type=click.Path(path_type=Path), help="Where to make the world; else a temporary place.")
def main(keep: bool, directory: Path | None) -> None:
    """Watch nights on a whole system in a sandbox.

    Example: make demo
    """
    began = time.monotonic()
    place = directory or Path(tempfile.mkdtemp(prefix="dco-demo-")) / "world"
    click.echo(click.style("A whole system comes up on this machine", bold=True))
    world = up.bring_up(place, Story(lambda line: click.echo(f"  {line}")), minute_seconds=up.DEMO_MINUTE_SECONDS)
    demo = Demo(world)
    try:
        demo.play()
    finally:
        demo.close()
        if not keep:
            down.bring_down(world)
            down.delete(world)
            with contextlib.suppress(OSError):
                shutil.rmtree(place.parent) if directory is None else None
    click.echo(
        f"\n{click.style('All acts ended as they must', fg='green', bold=True)} in {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    try:
        main()
    except WorldError as error:
        click.echo(
            f"{click.style('Error:', fg='red')} {error.what}\n{click.style('Try:', bold=True)}   {error.remedy}",
            err=True,
        )
        sys.exit(1)
