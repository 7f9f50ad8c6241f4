"""Structured logs: one JSON object a line on stdout. Nothing that is a secret is ever passed in."""

import json
import logging
import sys
import time
from typing import Any

LOG = logging.getLogger("credcoin")


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **facts,
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start_logging() -> None:
    """Send everything from INFO on to stdout; the driver's and server's own chatter from WARNING on."""
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(_Lines())
    logging.basicConfig(level=logging.INFO, handlers=[lines], force=True)
    for chatty in ("neo4j", "uvicorn", "botocore", "boto3", "urllib3", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def say(message: str, **facts: object) -> None:
    """Log one sentence with its facts."""
    LOG.info(message, extra={"facts": facts})


def warn(message: str, **facts: object) -> None:
    """Log one sentence about something that was not as it should be."""
    LOG.warning(message, extra={"facts": facts})
