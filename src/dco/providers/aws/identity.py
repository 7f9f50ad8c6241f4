"""Who is calling, proved to another process by a request that only the caller can sign (STS).

As aws-iam-authenticator does it: a presigned GetCallerIdentity whose signature also covers a header with the hash of
the statement. Whoever holds the proof can learn the ARN of its maker for 15 minutes, and nothing else.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from botocore.exceptions import HTTPClientError

from dco.model.errors import Refused, Unreadable
from dco.providers.aws.errors import asking
from dco.providers.aws.session import AwsSession

HEADER = "x-dco-statement"
VALID = timedelta(minutes=15)
SKEW = timedelta(minutes=5)
"""So far may the clocks of two machines differ."""
_QUERY = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
_SIGNATURE = frozenset({
    "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
})  # fmt: skip
_OPTIONAL = frozenset({"X-Amz-Security-Token"})
_ARN = re.compile(r"<Arn>(arn:[^<\s]{1,2000})</Arn>")
_AGAIN = "run `dco approve` again"
_SECONDS = 10
_OK, _SERVER_ERROR = 200, 500


class StsIdentity:
    """Implements `dco.seams.identity.Identity`."""

    def __init__(self, aws: AwsSession) -> None:
        self._aws = aws

    def caller(self) -> str:
        """Return the ARN of who runs this process."""
        with asking("ask AWS who is calling"):
            return self._aws.sts.get_caller_identity()["Arn"]

    def prove(self, statement: str) -> str:
        """Return a presigned request that only the caller can make and whose signature covers the statement."""
        # imported when first needed, as all of boto is
        from botocore.auth import SigV4QueryAuth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        credentials = self._aws.credentials()
        request = AWSRequest("GET", self._endpoint() + "/", headers={HEADER: hash_of(statement)}, params=dict(_QUERY))
        signer = SigV4QueryAuth(credentials, "sts", self._aws.region, expires=int(VALID.total_seconds()))
        with asking("sign a proof of who we are"):
            signer.add_auth(request)
        return str(request.url)

    def verify(self, proof: str, statement: str) -> str:
        """Return the ARN of who proved the statement. Raises `Refused` when it is not proved, or too old."""
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.httpsession import URLLib3Session  # noqa: PLC0415

        # asked is our own endpoint with the proof's query, never an address that somebody wrote into the bucket
        url = f"{self._endpoint()}/?{checked_query(proof, self._endpoint(), self._aws.region, datetime.now(UTC))}"
        request = AWSRequest("GET", url, headers={HEADER: hash_of(statement)})
        try:
            answer = URLLib3Session(timeout=_SECONDS).send(request.prepare())
        except HTTPClientError as error:
            raise Unreadable(f"could not verify a proof: STS did not answer ({error})", "it is tried again") from error
        if answer.status_code >= _SERVER_ERROR:
            raise Unreadable(f"could not verify a proof: STS answered {answer.status_code}", "it is tried again")
        arn = _ARN.search(answer.text)
        if answer.status_code != _OK or arn is None:
            raise Refused(f"STS does not accept the proof ({answer.status_code}): it is forged or expired", _AGAIN)
        return arn[1]

    def _endpoint(self) -> str:
        return self._aws.sts.meta.endpoint_url.rstrip("/")


def hash_of(statement: str) -> str:
    """Return what the header holds for a statement."""
    return hashlib.sha256(statement.encode()).hexdigest()


def checked_query(proof: str, endpoint: str, region: str, now: datetime) -> str:
    """Return a proof's query string if it asks our STS who called, with our header signed, and is in its time.

    Raises `Refused` saying what is wrong with it.
    """
    try:
        place = urlsplit(proof)
        pairs = parse_qsl(place.query, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise _refused("it is no address") from error
    query = dict(pairs)
    if f"{place.scheme}://{place.netloc}" != endpoint or place.path != "/" or place.fragment:
        raise _refused(f"it was made for {place.scheme}://{place.netloc}{place.path}, not for {endpoint}/")
    if len(pairs) != len(query) or not _names_are_right(set(query)):
        raise _refused("its parameters are not those of a proof")
    if any(query[name] != value for name, value in _QUERY.items()):
        raise _refused(f"it asks for {query['Action']}")
    if not {"host", HEADER} <= set(query["X-Amz-SignedHeaders"].split(";")):
        raise _refused("its signature does not cover the statement")
    if not query["X-Amz-Credential"].endswith(f"/{region}/sts/aws4_request"):
        raise _refused("it was signed for another service or region")
    _check_time(query["X-Amz-Date"], query["X-Amz-Expires"], now)
    return place.query


def _names_are_right(names: set[str]) -> bool:
    return _SIGNATURE | set(_QUERY) <= names <= _SIGNATURE | set(_QUERY) | _OPTIONAL


def _check_time(date: str, expires: str, now: datetime) -> None:
    try:
        signed = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        valid = min(timedelta(seconds=int(expires)), VALID)
    except (ValueError, OverflowError) as error:
        raise _refused("its time can't be read") from error
    if signed > now + SKEW:
        raise _refused(f"it is from the future ({date}): compare the clocks")
    if signed + valid < now:
        raise _refused(f"it has expired: it was made at {date} and is valid for {valid.total_seconds() / 60:.0f} min")


def _refused(why: str) -> Refused:
    return Refused(f"the proof is refused: {why}", _AGAIN)
