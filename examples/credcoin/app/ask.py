"""What a request must look like; everything else is refused with a sentence."""

import json
import re
from typing import Any, cast

from starlette.requests import Request

from ledger.errors import RefusedError

HANDLE = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")
KEY = re.compile(r"[\x21-\x7e]{8,128}")
LONGEST_BODY = 16 * 1024
# A thousand million million minor units: sums of millions of these still fit Neo4j's 64 bits.
LARGEST_AMOUNT = 10**12


async def body(request: Request, *fields: str) -> dict[str, Any]:
    """Return the JSON object with exactly these fields, read no further than LONGEST_BODY."""
    read = b""
    async for part in request.stream():
        read += part
        if len(read) > LONGEST_BODY:
            raise RefusedError(413, f"The body is longer than {LONGEST_BODY} bytes.", "Send the fields only.")
    try:
        given = json.loads(read)
    except ValueError:
        given = None
    if not isinstance(given, dict) or set(cast("dict[str, Any]", given)) != set(fields):
        wanted = ", ".join(fields)
        raise RefusedError(400, f"The body is not a JSON object with exactly: {wanted}.", "See README.md for examples.")
    return cast("dict[str, Any]", given)


def handle(given: dict[str, Any]) -> str:
    """Return the handle: 2 to 63 lower-case letters, digits, dots, dashes and underscores."""
    value = given["handle"]
    if not isinstance(value, str) or not HANDLE.fullmatch(value):
        raise RefusedError(400, "The handle is not 2 to 63 of a-z, 0-9, '.', '-', '_'.", "Choose another one.")
    return value


def credex(given: dict[str, Any]) -> tuple[str, str, int]:
    """Return source, target and amount: two different accounts and a positive integer of minor units."""
    source, target, amount = given["from"], given["to"], given["amount"]
    if not isinstance(source, str) or not isinstance(target, str) or source == target:
        raise RefusedError(400, "A credex goes from one account to another.", "Send two different account ids.")
    if type(amount) is not int or not 0 < amount <= LARGEST_AMOUNT:
        raise RefusedError(400, f"The amount is not an integer from 1 to {LARGEST_AMOUNT}.", "Send minor units.")
    return source, target, amount


def idempotency_key(request: Request) -> str:
    """Return the Idempotency-Key that every write must carry."""
    key = request.headers.get("idempotency-key", "")
    if not KEY.fullmatch(key):
        raise RefusedError(
            400, "A write needs an Idempotency-Key of 8 to 128 printable characters.", "Send a new UUID for each write."
        )
    return key


def prefix(request: Request) -> str:
    """Return what to search for."""
    asked = request.query_params.get("q", "")
    if not asked:
        raise RefusedError(400, "There is nothing to search for.", "Ask with GET /search?q=….")
    return asked[:63]
