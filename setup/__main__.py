"""`python3 -m setup`: make what is missing, say what is cached. `python3 -m setup lock`: write the locks anew."""

import sys

from setup import interpreter

if sys.version_info < interpreter.OLDEST:
    sys.exit(interpreter.start_again())

from setup import run  # it needs the syntax of the Python that was just made sure of

sys.exit(run.main(sys.argv[1:]))
