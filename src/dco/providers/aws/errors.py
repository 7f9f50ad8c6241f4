"""AWS's errors, told to people: what was asked, why it failed, and what to do next."""

from collections.abc import Generator
from contextlib import contextmanager

from botocore import exceptions as aws

from dco.model.errors import ConfigurationError, DcoError, StepFailed, Unreadable

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
UNKNOWN_KEY = frozenset({
    "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    "InvalidSignatureException", "AuthFailure", "IncompleteSignature",
})  # fmt: skip
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"})
WRONG_REGION = frozenset({
    "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301",
})  # fmt: skip
THROTTLED = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "Throttled", "TooManyRequestsException",
    "RequestLimitExceeded", "RequestThrottled", "SlowDown", "ProvisionedThroughputExceededException",
})  # fmt: skip
_NO_CREDENTIALS = (
    aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError, aws.NoAuthTokenError,
    aws.ProfileNotFound, aws.ConfigParseError,
)  # fmt: skip
_LOGIN_EXPIRED = (
    aws.TokenRetrievalError,
    aws.UnauthorizedSSOTokenError,
    aws.SSOTokenLoadError,
    aws.LoginRefreshRequired,
)
_NO_REGION = (aws.NoRegionError, aws.InvalidRegionError, aws.UnknownRegionError)
_UNREACHED = (aws.HTTPClientError, aws.ConnectionError)
_SERVER_ERROR = 500

_LOG_IN = "log in again (`aws sso login` or new keys), then start again: it goes on where it was"
_NAME_CREDENTIALS = (
    "set AWS_PROFILE, or name profile, config_file and credentials_file under [aws] in dco.toml; "
    "`aws sts get-caller-identity` must answer"
)


def code(error: aws.ClientError) -> str:
    """Return the word by which AWS names an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status(error: aws.ClientError) -> int:
    """Return the HTTP status of an error's answer."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def message(error: aws.ClientError) -> str:
    """Return AWS's own words."""
    return str(error.response.get("Error", {}).get("Message", ""))


def doubtful(error: aws.ClientError | aws.BotoCoreError) -> bool:
    """Tell whether it may help to ask again; the call may or may not have had its effect."""
    if isinstance(error, aws.ClientError):
        return status(error) >= _SERVER_ERROR or code(error) in THROTTLED
    return isinstance(error, _UNREACHED)


@contextmanager
def asking(subject: str) -> Generator[None]:
    """Turn what AWS raises into `Unreadable`, or `ConfigurationError` for credentials and region.

    `subject` goes on after "could not": "read service api".
    """
    with _told(subject, Unreadable):
        yield


@contextmanager
def doing(subject: str) -> Generator[None]:
    """As `asking`, for a call that changes something: what AWS refuses is `StepFailed`.

    A call that may be tried again, because AWS was not reached, was busy or failed itself, stays `Unreadable`.
    """
    with _told(subject, StepFailed):
        yield


@contextmanager
def _told(subject: str, kind: type[DcoError]) -> Generator[None]:
    try:
        yield
    except aws.ClientError as error:
        raise _refused(subject, Unreadable if doubtful(error) else kind, error) from error
    except aws.BotoCoreError as error:
        raise _unasked(subject, Unreadable if doubtful(error) else kind, error) from error
    except KeyError as error:
        # botocore takes a body that is no JSON, or half of one, for an empty answer
        raise Unreadable(f"could not {subject}: the answer was not whole (it lacks {error})", "try again") from error


def _refused(subject: str, kind: type[DcoError], error: aws.ClientError) -> DcoError:
    word, what = code(error), f"could not {subject}"
    if word in EXPIRED:
        return ConfigurationError(f"{what}: the AWS credentials have expired", _LOG_IN)
    if word in UNKNOWN_KEY:
        return ConfigurationError(f"{what}: AWS does not accept these credentials ({word})", _NAME_CREDENTIALS)
    if word in WRONG_REGION:
        return ConfigurationError(f"{what}: it is in another region", "correct region under [aws] in dco.toml")
    if word in DENIED:
        remedy = f"allow {error.operation_name} in the IAM policy of who runs dco; `dco doctor` lists what is needed"
        return kind(f"{what}: access denied to {error.operation_name} ({_words(error)})", remedy)
    if word in THROTTLED:
        return kind(f"{what}: AWS throttled {error.operation_name} until we gave up", "try again in a few minutes")
    remedy = "try again; the AWS health dashboard tells of outages" if status(error) >= _SERVER_ERROR else ""
    return kind(f"{what}: {error.operation_name} was answered {_words(error)}", remedy)


def _words(error: aws.ClientError) -> str:
    return f"{code(error)}: {message(error)}".rstrip(": ")


def _unasked(subject: str, kind: type[DcoError], error: aws.BotoCoreError) -> DcoError:
    what = f"could not {subject}"
    if isinstance(error, _LOGIN_EXPIRED):
        return ConfigurationError(f"{what}: the login has expired ({error})", _LOG_IN)
    if isinstance(error, _NO_CREDENTIALS):
        return ConfigurationError(f"{what}: there are no usable AWS credentials ({error})", _NAME_CREDENTIALS)
    if isinstance(error, _NO_REGION):
        return ConfigurationError(f"{what}: {error}", "correct region under [aws] in dco.toml")
    if isinstance(error, _UNREACHED):
        return kind(f"{what}: {error}", "check the network, endpoint_url and region under [aws] in dco.toml")
    return kind(f"{what}: {error}")
