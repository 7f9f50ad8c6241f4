"""The way to AWS: credentials, region, retries and clients of one environment."""

import hashlib
import os
import threading
from collections.abc import Callable
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dco.model.environment import Aws
from dco.model.errors import ConfigurationError
from dco.providers.aws.errors import asking

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.session import Session
    from types_boto3_cloudtrail import CloudTrailClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_codebuild import CodeBuildClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_ecr import ECRClient
    from types_boto3_ecs import ECSClient
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client
    from types_boto3_iam import IAMClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sns import SNSClient
    from types_boto3_ssm import SSMClient
    from types_boto3_sts import STSClient

ATTEMPTS = 6
CONNECT_SECONDS = 5
READ_SECONDS = 20


class AwsSession:
    """Clients that retry throttling, 5xx and timeouts, made when first asked for. May be used by any thread.

    `root` is the directory of dco.toml. AWS_PROFILE or AWS_ACCESS_KEY_ID in the environment win over `profile`.
    No client but STS's is handed out before the account is proved to be the configured one.
    """

    def __init__(self, aws: Aws, root: Path, *, attempts: int = ATTEMPTS, read_seconds: float = READ_SECONDS) -> None:
        self.region = aws.region
        self._aws = aws
        self._root = root
        self._attempts = attempts
        self._read_seconds = read_seconds
        self._lock = threading.RLock()
        self._clients: dict[tuple[str, bool, str | None], Any] = {}
        self._account = ""

    @property
    def attempts(self) -> int:
        """How often a call is tried before we give up."""
        return self._attempts

    def environment(self) -> dict[str, str]:
        """Return what Terraform and commands need in their environment to have the same credentials and region."""
        found = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        if self._aws.config_file:
            found["AWS_CONFIG_FILE"] = self._file(self._aws.config_file)
        if self._aws.credentials_file:
            found["AWS_SHARED_CREDENTIALS_FILE"] = self._file(self._aws.credentials_file)
        if profile := self._profile():
            found["AWS_PROFILE"] = profile
        return found

    def account(self) -> str:
        """Return the account of the credentials. Raises `ConfigurationError` when dco.toml names another one."""
        with self._lock:
            if not self._account:
                with asking("ask AWS who is calling"):
                    account = self.sts.get_caller_identity()["Account"]
                if self._aws.account not in {None, account}:
                    raise ConfigurationError(
                        f"these credentials belong to account {account}, dco.toml names {self._aws.account}",
                        "choose another AWS_PROFILE, or correct account under [aws] in dco.toml",
                    )
                self._account = account
            return self._account

    def credentials(self) -> "Credentials":
        """Return the caller's credentials. Raises `ConfigurationError` when there are none."""
        with asking("find AWS credentials"):
            credentials = self._session.get_credentials()
        if credentials is None:
            raise ConfigurationError(
                "there are no AWS credentials",
                "set AWS_PROFILE, or name profile and credentials_file under [aws] in dco.toml",
            )
        return credentials

    def _file(self, name: str) -> str:
        return str((self._root / Path(name).expanduser()).absolute())

    def _profile(self) -> str | None:
        # keys in the environment win over any profile, for us as for Terraform
        if "AWS_ACCESS_KEY_ID" in os.environ:
            return None
        return os.environ.get("AWS_PROFILE") or self._aws.profile

    @cached_property
    def _session(self) -> "Session":
        # imported when first needed: a command that never asks AWS should not pay for it
        from botocore.session import Session  # noqa: PLC0415

        session = Session(profile=self._profile())
        session.user_agent_extra = f"dco/{_version()}"
        session.set_config_variable("region", self.region)
        if self._aws.config_file:
            session.set_config_variable("config_file", self._file(self._aws.config_file))
        if self._aws.credentials_file:
            session.set_config_variable("credentials_file", self._file(self._aws.credentials_file))
        return session

    def _client(self, service: str, *, once: bool = False, region: str | None = None) -> Any:
        if service != "sts" and self._aws.account:
            self.account()
        with self._lock:
            key = (service, once, region)
            if key not in self._clients:
                self._clients[key] = self._new_client(service, 1 if once else self._attempts, region)
            return self._clients[key]

    def _new_client(self, service: str, attempts: int, region: str | None) -> Any:
        from botocore.config import Config  # noqa: PLC0415

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=self._read_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        # the stubs know each service by an overload of its own
        create: Callable[..., Any] = self._session.create_client
        with asking(f"reach {service}"):
            try:
                return create(service, region_name=region, config=config)
            except ValueError as error:
                # botocore's own check of the address that it makes of the region
                raise ConfigurationError(
                    f"could not reach {service}: {error}", "correct region under [aws] in dco.toml"
                ) from error

    @property
    def cloudtrail(self) -> "CloudTrailClient":
        """Who did what."""
        return self._client("cloudtrail")

    @property
    def cloudtrail_global(self) -> "CloudTrailClient":
        """As `cloudtrail`, for IAM, whose events are in one region only."""
        return self._client("cloudtrail", region="us-east-1")

    @property
    def cloudwatch(self) -> "CloudWatchClient":
        """Alarms."""
        return self._client("cloudwatch")

    @property
    def codebuild(self) -> "CodeBuildClient":
        """Builds."""
        return self._client("codebuild")

    @property
    def ec2(self) -> "EC2Client":
        """Machines and their images."""
        return self._client("ec2")

    @property
    def elbv2(self) -> "ElasticLoadBalancingv2Client":
        """Load balancers."""
        return self._client("elbv2")

    @property
    def events(self) -> Any:
        """EventBridge's rules."""
        return self._client("events")

    @property
    def health(self) -> Any:
        """What AWS says about its own services."""
        return self._client("health")

    @property
    def ecr(self) -> "ECRClient":
        """Images."""
        return self._client("ecr")

    @property
    def ecs(self) -> "ECSClient":
        """Services and tasks."""
        return self._client("ecs")

    @property
    def ecs_once(self) -> "ECSClient":
        """As `ecs`, without retries: for calls that would take effect twice."""
        return self._client("ecs", once=True)

    @property
    def iam(self) -> "IAMClient":
        """Roles."""
        return self._client("iam")

    @property
    def logs(self) -> "CloudWatchLogsClient":
        """What tasks wrote."""
        return self._client("logs")

    @property
    def s3(self) -> "S3Client":
        """Objects."""
        return self._client("s3")

    @property
    def secretsmanager(self) -> "SecretsManagerClient":
        """Secrets."""
        return self._client("secretsmanager")

    @property
    def sns(self) -> "SNSClient":
        """Topics."""
        return self._client("sns")

    @property
    def ssm(self) -> "SSMClient":
        """Parameters."""
        return self._client("ssm")

    @property
    def sts(self) -> "STSClient":
        """Who is calling."""
        return self._client("sts")


def short_token(token: str) -> str:
    """Return a token as AWS takes one: 32 characters, the same for the same token."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def _version() -> str:
    try:
        return metadata.version("dco")
    except metadata.PackageNotFoundError:
        # run from a checkout that was never installed
        return "0"
