"""Arguments that several commands take."""

from pathlib import Path

import click

directory = click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
