"""Where a value is kept: `ssm:NAME`, `secret:NAME`, `file:PATH`, `env:NAME`, or the value itself."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from dco_plugin.signing import LEAST_KEY_BYTES
from dco_stream.errors import BadConfiguration, Unreachable

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_ssm import SSMClient

Kind = TypeVar("Kind", bound=msgspec.Struct)
KINDS = frozenset({"ssm", "secret", "file", "env"})
_ABSENT = {"ParameterNotFound", "ResourceNotFoundException"}


class Login(msgspec.Struct, frozen=True):
    """Who speaks with a server. Its password is never shown."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.username!r})"


class Servers(msgspec.Struct, frozen=True):
    """The server whose log is kept and, while there is one, the server that follows it: Bolt addresses."""

    source: str
    follower: str | None = None


class Library:
    """Looks values up; may be used by any thread."""

    def __init__(self, region: str | None = None) -> None:
        self._region = region

    def text(self, reference: str) -> str:
        """Give a value. Raises `BadConfiguration` when it is not there, `Unreachable` when AWS does not answer."""
        kind, _, name = reference.partition(":")
        try:
            match kind:
                case "ssm":
                    return self._parameter(name)
                case "secret":
                    return self._secret(name)
                case "file":
                    return Path(name).read_text(encoding="utf-8").strip()
                case "env":
                    return os.environ[name]
                case _:
                    return reference
        except ClientError as error:
            raise _refusal(reference, error) from None
        except BotoCoreError as error:
            raise Unreachable(f"{reference} can't be asked for: {error}", "look at the network and AWS") from None
        except (OSError, KeyError) as error:
            raise BadConfiguration(
                f"{reference} is not there: {error}", "put the value there, or name another"
            ) from None

    def servers(self, reference: str) -> Servers:
        """Give the addresses; text that is no JSON is the source's address."""
        text = self.text(reference)
        if not text.startswith("{"):
            return Servers(text)
        return _decoded(reference, text, Servers)

    def login(self, reference: str) -> Login:
        """Give user name and password."""
        return _decoded(reference, self.text(reference), Login)

    def key(self, reference: str) -> bytes:
        """Give the newest of the plugin's keys."""
        text = self.text(reference)
        line = (_decoded(reference, text, _Key).key if text.startswith("{") else text).split()
        try:
            key = bytes.fromhex(line[0])
        except (IndexError, ValueError):
            key = b""
        if len(key) < LEAST_KEY_BYTES:
            raise BadConfiguration(
                f"{reference} holds no key of the plugin", f"it must be {LEAST_KEY_BYTES * 2} hexadecimal digits"
            )
        return key

    def _parameter(self, name: str) -> str:
        import boto3  # noqa: PLC0415 -- half a second, for those who need it

        client: SSMClient = boto3.client("ssm", region_name=self._region)  # pyright: ignore[reportUnknownMemberType]
        return client.get_parameter(Name=name, WithDecryption=True)["Parameter"].get("Value", "")

    def _secret(self, name: str) -> str:
        import boto3  # noqa: PLC0415

        client: SecretsManagerClient = boto3.client("secretsmanager", region_name=self._region)  # pyright: ignore[reportUnknownMemberType]
        return client.get_secret_value(SecretId=name)["SecretString"]


class _Key(msgspec.Struct, frozen=True):
    key: str


def _decoded(reference: str, text: str, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError:
        fields = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        # The message of the decoder could show what stands there.
        raise BadConfiguration(f"{reference} is not as it must be", f"it must be JSON with {fields}") from None


def _refusal(reference: str, error: ClientError) -> BadConfiguration | Unreachable:
    code = error.response.get("Error", {}).get("Code", "")
    if code in _ABSENT:
        return BadConfiguration(f"{reference} is not there", "make it, or name another")
    if "Denied" in code or "Unrecognized" in code or "Invalid" in code:
        return BadConfiguration(f"{reference} may not be read: {code}", "look at the role's policy and the credentials")
    return Unreachable(f"{reference} can't be read now: {code}", "it will be tried again")
