"""`python -m dco_stream` is `dco-stream`."""

from dco_stream.cli import main

main()
