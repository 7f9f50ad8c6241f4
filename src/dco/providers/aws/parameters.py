"""Parameters (SSM) and secrets (Secrets Manager)."""

import msgspec

from dco.model.errors import ConfigurationError
from dco.providers.aws.errors import asking, doing
from dco.providers.aws.session import AwsSession


class AwsParameters:
    """Implements `dco.seams.parameters.Parameters`."""

    def __init__(self, aws: AwsSession) -> None:
        self._aws = aws

    def get(self, name: str) -> str | None:
        """Return a parameter's value, None when there is none."""
        with asking(f"read parameter {name}"):
            ssm = self._aws.ssm
            try:
                return ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"].get("Value", "")
            except ssm.exceptions.ParameterNotFound:
                return None

    def put(self, name: str, value: str) -> None:
        """Set a parameter; nothing is written when it has that value already. It keeps its type."""
        present = self.get(name)
        if present == value:
            return
        with doing(f"set parameter {name}"):
            if present is None:
                self._aws.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
            else:
                self._aws.ssm.put_parameter(Name=name, Value=value, Overwrite=True)

    def secret(self, name: str) -> dict[str, str]:
        """Return a secret's JSON fields. Raises `ConfigurationError` when there is none. Never log what it returns."""
        with asking(f"read secret {name}"):
            manager = self._aws.secretsmanager
            try:
                text = manager.get_secret_value(SecretId=name).get("SecretString", "")
            except manager.exceptions.ResourceNotFoundException as error:
                raise ConfigurationError(
                    f"there is no secret {name}", "create it, or correct secret of the database in dco.toml"
                ) from error
        try:
            return msgspec.json.decode(text, type=dict[str, str])
        except msgspec.DecodeError:
            # without the decoder's own words, which may quote the secret
            raise ConfigurationError(
                f"secret {name} is not a JSON object of strings", 'store it as {"username": …, "password": …}'
            ) from None
