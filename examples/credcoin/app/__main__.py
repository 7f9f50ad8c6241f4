"""Start the API: `python -m app`, with its settings in the environment."""

import os
import sys

from app.serve import serve
from ledger.errors import SettingsError
from ledger.logs import start_logging
from ledger.settings import read_settings


def main() -> int:
    """Serve until SIGTERM or SIGINT; 0 after a graceful end, 2 when a setting is missing."""
    start_logging()
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        print(f"Error: {error.what}\nTry: {error.remedy}", file=sys.stderr)
        return 2
    return serve(settings)


if __name__ == "__main__":
    sys.exit(main())
