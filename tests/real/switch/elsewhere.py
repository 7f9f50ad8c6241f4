"""Carries out a switch in a process that a test may kill: `python -m tests.real.switch.elsewhere FILE`."""

import sys
from pathlib import Path

import msgspec
from tests.real.switch.pair import seams

from dco.model.environment import Environment
from dco.model.switch import Switch
from dco.operations.switching import Switching
from dco.providers.clock import SystemClock


def main() -> None:
    """Prepare, decide, obey."""
    environment, switch, place = msgspec.json.decode(
        Path(sys.argv[1]).read_bytes(), type=tuple[Environment, Switch, str]
    )
    switching = Switching(environment, seams(environment, Path(place))[0], switch)
    switching.prepare()
    switching.renew(SystemClock().now())
    switching.obey(switching.decide())


if __name__ == "__main__":
    main()
