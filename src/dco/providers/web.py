"""HTTP from where a user would ask; the standard library's client, because it costs a tenth of others to import."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import IO

from dco.seams.web import Answer

LONGEST = 1_000_000
"""So many bytes of an answer are read."""


class _FollowGet(urllib.request.HTTPRedirectHandler):
    """Follows redirects of GET only: elsewhere the method and the body would silently be dropped."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request to go on with, None for the redirect to be the answer."""
        if req.get_method() not in {"GET", "HEAD"}:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    # no handler for file: and ftp: addresses
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _FollowGet(),
    ):
        opener.add_handler(handler)
    return opener


class HttpWeb:
    """Implements `dco.seams.web.Web`. May be used by any thread."""

    def __init__(self) -> None:
        self._opener = _opener()

    def ask(self, url: str, *, method: str = "GET", timeout: float = 5, token: str | None = None) -> Answer:
        """Ask once; never raises: an answer that did not come is status 0. A token is sent as `Idempotency-Key`."""
        headers = {} if token is None else {"Idempotency-Key": token}
        return self.send(url, method=method, body=None, timeout=timeout, headers=headers)

    def send(self, url: str, *, method: str, body: bytes | None, timeout: float, headers: Mapping[str, str]) -> Answer:
        """As `ask`, with a body and headers; status 0 has the reason in its body."""
        try:
            request = urllib.request.Request(url, data=body, method=method, headers=dict(headers))  # noqa: S310 - the opener knows http and https only
            with self._opener.open(request, timeout=timeout) as answer:
                return Answer(answer.status, _text(answer.read(LONGEST)))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _rest(error))
        except urllib.error.URLError as error:
            return Answer(0, str(error.reason))
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Answer(0, str(error) or type(error).__name__)


def _rest(error: urllib.error.HTTPError) -> str:
    try:
        return _text(error.read(LONGEST))
    except (OSError, http.client.HTTPException):
        return ""


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
