"""`dco-sandbox status`."""

from pathlib import Path
from typing import Any

import click

from dco_sandbox import access
from dco_sandbox.cli import show_json
from dco_sandbox.cli.arguments import as_json, directory
from dco_sandbox.world import load

_TABLES = {
    "services": ("name", "running", "desired", "task_definition", "rollout"),
    "tasks": ("id", "group", "status", "task_definition", "stopped_reason"),
    "instances": ("id", "name", "state", "address", "image"),
    "load_balancers": ("name", "address", "state"),
    "alarms": ("name", "state"),
    "processes": ("name", "pid"),
    "layers": ("layer", "passes", "failed", "slowest_ms", "last_error"),
}


@click.command("status")
@directory
@as_json
def command(directory: Path, *, as_json: bool) -> None:
    """Show services, tasks, instances, load balancers, alarms, faults and processes of the world in DIR.

    Example: dco-sandbox status ./world
    """
    status = access.control(load(directory), "GET", "status")
    if as_json:
        show_json(status)
        return
    click.echo(f"{status['endpoint']} (daemon {status['daemon']})")
    for table, columns in _TABLES.items():
        _show(table, columns, status[table])
    for fault in status["faults"]:
        click.echo(f"fault: {fault['says']}, met {fault['met']} times")


def _show(table: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Print one table with columns as wide as what is in them; nothing when it is empty."""
    if not rows:
        return
    cells = [columns, *(tuple(_cell(row[column]) for column in columns) for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    click.echo(f"\n{table.replace('_', ' ')}")
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  " + "  ".join(padded).rstrip())


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
