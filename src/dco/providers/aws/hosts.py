"""`seams.hosts.Hosts` by Run Command of Systems Manager; files go through the bucket, by a link that ends soon."""

import hashlib
import shlex
from collections.abc import Mapping

from botocore.exceptions import ClientError

from dco.model.errors import StepFailed
from dco.providers.aws.errors import asking, code, doing
from dco.providers.aws.session import AwsSession
from dco.seams.hosts import Ran

_DOCUMENT = "AWS-RunShellScript"
_PREFIX = "hosts/"
_LINK_SECONDS = 900
_DELIVERY_SECONDS = 60
"""How long a machine's agent may take to begin; SSM takes no less than 30."""
_OPEN = {"Pending", "InProgress", "Delayed", "Cancelling"}
_NOT_YET = "InvocationDoesNotExist"
_FETCH = """\
python3 - {name} {checksum} {link} "$files" <<'PYTHON' || exit 90
import hashlib, os, sys, urllib.request
name, checksum, link, place = sys.argv[1:]
content = urllib.request.urlopen(link, timeout=60).read()
if hashlib.sha256(content).hexdigest() != checksum:
    sys.exit(f"{{name}} came in other than it was sent")
with open(os.path.join(place, name), "wb") as file:
    file.write(content)
PYTHON
"""


class SsmHosts:
    """Speaks with the agents of machines."""

    def __init__(self, aws: AwsSession, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def is_online(self, instance: str) -> bool:
        """See `Hosts.is_online`."""
        with asking(f"read whether commands reach {instance}"):
            wanted = [{"Key": "InstanceIds", "Values": [instance]}]
            found = self._aws.ssm.describe_instance_information(Filters=wanted)["InstanceInformationList"]  # type: ignore[arg-type]
        return any(one.get("PingStatus") == "Online" for one in found)

    def begin(self, instance: str, script: str, files: Mapping[str, bytes], seconds: int, token: str) -> str:
        """See `Hosts.begin`."""
        comment = f"dco {hashlib.sha256(token.encode()).hexdigest()[:32]}"
        if (known := self._known(instance, comment)) is not None:
            return known
        with doing(f"begin a command on {instance}"):
            sent = self._aws.ssm.send_command(
                InstanceIds=[instance],
                DocumentName=_DOCUMENT,
                Comment=comment,
                TimeoutSeconds=_DELIVERY_SECONDS,
                Parameters={"commands": [self._fetching(files) + script], "executionTimeout": [str(seconds)]},
            )
        return sent["Command"].get("CommandId", "")

    def ended(self, instance: str, command: str) -> Ran | None:
        """See `Hosts.ended`."""
        with asking(f"read how command {command} goes"):
            try:
                found = self._aws.ssm.get_command_invocation(CommandId=command, InstanceId=instance)
            except ClientError as error:
                if code(error) == _NOT_YET:
                    return None
                raise
        status = found.get("Status", "")
        if status in _OPEN:
            return None
        if status not in {"Success", "Failed"}:
            told = found.get("StatusDetails", status)
            raise StepFailed(f"the command on {instance} ended as {told}", "see it in Systems Manager, Run Command")
        said, complaint = found.get("StandardOutputContent", ""), found.get("StandardErrorContent", "")
        return Ran(found.get("ResponseCode", -1), said, complaint)

    def forget(self, files: Mapping[str, bytes]) -> None:
        """See `Hosts.forget`."""
        for content in files.values():
            with doing("delete what a machine fetched"):
                self._aws.s3.delete_object(Bucket=self._bucket, Key=_key(content))

    def _known(self, instance: str, comment: str) -> str | None:
        with asking(f"look for a command on {instance}"):
            pages = self._aws.ssm.get_paginator("list_commands").paginate(InstanceId=instance)
            found = [one for page in pages for one in page["Commands"] if one.get("Comment") == comment]
        return found[0].get("CommandId") if found else None

    def _fetching(self, files: Mapping[str, bytes]) -> str:
        """Write the head of a script: a directory of its own, with the files in it."""
        lines = ["set -u", "files=$(mktemp -d) && trap 'rm -rf \"$files\"' EXIT", ""]
        parts = [self._fetch(name, content) for name, content in files.items()]
        return "\n".join(lines) + "".join(parts)

    def _fetch(self, name: str, content: bytes) -> str:
        with doing(f"keep {name} where the machine fetches it"):
            self._aws.s3.put_object(Bucket=self._bucket, Key=_key(content), Body=content)
            link = self._aws.s3.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": _key(content)}, ExpiresIn=_LINK_SECONDS
            )
        checksum = hashlib.sha256(content).hexdigest()
        return _FETCH.format(name=shlex.quote(name), checksum=checksum, link=shlex.quote(link))


def _key(content: bytes) -> str:
    return _PREFIX + hashlib.sha256(content).hexdigest()
