"""Proofs for control requests: an HMAC over the gate, the call, its body, a nonce and a time of expiry."""

import hashlib
import hmac
import re
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path

from dco_gate.errors import ConfigurationError, ForbiddenError

SCHEME = "DCO-GATE"
LEAST_KEY_BYTES = 32
PROOF_SECONDS = 30
LONGEST_SECONDS = 300
_SHAPE = ("scheme", "nonce", "expires", "mac")
_SECONDS = re.compile(r"[0-9]{1,12}")


def read_key(file: Path) -> bytes:
    """Read the key: the first line, 64 hexadecimal digits or more, in a file that only its owner can read."""
    try:
        mode, lines = file.stat().st_mode, file.read_text().split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the key {file} can't be read: {error}", "docs/gate.md says how to make one"
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigurationError(f"others can read the key {file}", f"chmod 600 {file}")
    try:
        key = bytes.fromhex(lines[0])
    except (IndexError, ValueError):
        key = b""
    if len(key) < LEAST_KEY_BYTES:
        raise ConfigurationError(f"{file} holds no key", f"its first line must be {LEAST_KEY_BYTES * 2} hex digits")
    return key


def prove(key: bytes, gate: str, call: str, body: bytes, now: float) -> str:
    """Sign one call, as `POST /hold`, of the gate with this identity, at its own time; for the Authorization header."""
    nonce, expires = secrets.token_hex(16), int(now) + PROOF_SECONDS
    return f"{SCHEME} {nonce} {expires} {_mac(key, gate, call, body, nonce, expires)}"


class Access:
    """Who may give orders: whoever holds the key. An identity lasts as long as its memory of nonces."""

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self.identity = secrets.token_hex(16)
        self.clock = clock
        self._key = key
        self._used: dict[str, int] = {}

    def check(self, authorization: str, call: str, body: bytes) -> None:
        """Return if a proof allows this very call, once. Raises `ForbiddenError` that says which check failed."""
        words = authorization.split(" ")
        if len(words) != len(_SHAPE) or words[0] != SCHEME or not _SECONDS.fullmatch(words[2]):
            raise ForbiddenError(f"{call} needs a proof", "sign it with the gate's key; dco-gate does")
        nonce, expires, now = words[1], int(words[2]), self.clock()
        if not hmac.compare_digest(
            words[3].encode(), _mac(self._key, self.identity, call, body, nonce, expires).encode()
        ):
            raise ForbiddenError(f"the proof does not fit {call} of this gate", "is it this gate's key, and this gate?")
        if not now < expires <= now + LONGEST_SECONDS:
            raise ForbiddenError("the proof has expired or would last too long", "sign again, by the gate's clock")
        self._used = {one: end for one, end in self._used.items() if end > now}
        if nonce in self._used:
            raise ForbiddenError("the proof was used before", "sign again")
        self._used[nonce] = expires


def _mac(key: bytes, gate: str, call: str, body: bytes, nonce: str, expires: int) -> str:
    words = ("dco-gate", gate, call, hashlib.sha256(body).hexdigest(), nonce, str(expires))
    return hmac.new(key, "\n".join(words).encode(), hashlib.sha256).hexdigest()
