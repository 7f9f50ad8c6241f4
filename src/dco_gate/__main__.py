"""`python -m dco_gate`."""

from dco_gate.cli import main

main()
