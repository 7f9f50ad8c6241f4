"""SSM RunCommand for real: a document of shell commands runs in the machine, and its end is told.

Follows "Understanding command statuses": Pending → InProgress → Success, Failed or TimedOut; what a script writes
is kept to its first 24,000 signs, of errors 8,000.
"""

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ssm.models import Command, SimpleSystemManagerBackend, ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse

from dco_sandbox.machines.supervise import Site
from dco_sandbox.processes import Child
from dco_sandbox.runtime import Runtime

DOCUMENT = "AWS-RunShellScript"
OUTPUT_SIGNS, ERROR_SIGNS = 24_000, 8_000
_OPEN = {"Pending", "InProgress", "Cancelling"}
_TIMED_OUT = 124
_INVOCATION_FIELDS = ("CommandId", "InstanceId", "Comment", "DocumentName", "Status", "StatusDetails")


class InvalidDocumentError(ServiceException):
    """The document isn't one that a sandbox machine can run."""

    code = "InvalidDocument"


class InvalidInstanceIdError(ServiceException):
    """The instance isn't there, or isn't running, so that no agent answers."""

    code = "InvalidInstanceId"


def install() -> None:
    """Replace moto's empty success. May be called again."""
    backend: Any = SimpleSystemManagerBackend
    backend.send_command = send_command
    responses: Any = SimpleSystemManagerResponse
    responses.describe_instance_information = describe_instance_information
    responses.list_command_invocations = list_command_invocations
    responses.cancel_command = cancel_command


def send_command(self: Any, **request: Any) -> Command:
    """Note a command for running machines; it begins with the next tick."""
    if request["document_name"] != DOCUMENT:
        raise InvalidDocumentError(f"The sandbox runs {DOCUMENT} only, not {request['document_name']}.")
    online, named = {instance.id for instance in _online(self)}, list(request["instance_ids"])
    for instance_id in named:
        if instance_id not in online:
            raise InvalidInstanceIdError(f"Instances [[{instance_id}]] not in a valid state for account")
    command: Any = Command(account_id=self.account_id, backend_region=self.region_name, **request)
    command.status, command.completed_count = "Pending", 0
    if not request.get("targets"):
        # moto takes no target for every machine that there is
        command.instance_ids, command.target_count = named, len(named)
        command.invocations = [one for one in command.invocations if one["InstanceId"] in named]
    for invocation in command.invocations:
        invocation.update(Status="Pending", StatusDetails="Pending", ResponseCode=-1)
        for name in ("ExecutionStartDateTime", "ExecutionEndDateTime", "ExecutionElapsedTime"):
            invocation[name] = ""
    self._commands.append(command)
    return command


def describe_instance_information(self: Any) -> ActionResult:
    """List the machines whose agent answers."""
    wanted = {
        value
        for part in [*self._get_param("Filters", []), *self._get_param("InstanceInformationFilterList", [])]
        if (part.get("Key") or part.get("key")) == "InstanceIds"
        for value in part.get("Values") or part.get("valueSet") or []
    }
    listed = [
        {
            "InstanceId": instance.id,
            "PingStatus": "Online" if instance.machine.impaired_since is None else "ConnectionLost",
            "LastPingDateTime": datetime.now(UTC).timestamp(),
            "AgentVersion": "3.3.0.0",
            "PlatformType": "Linux",
            "PlatformName": "Linux",
            "ResourceType": "EC2Instance",
            "IPAddress": instance.private_ip_address,
            "ComputerName": instance.private_dns_name,
        }
        for instance in _online(self.ssm_backend)
        if not wanted or instance.id in wanted
    ]
    return ActionResult({"InstanceInformationList": listed})


def list_command_invocations(self: Any) -> ActionResult:
    """List what became of commands, machine by machine."""
    command_id, instance_id = self._get_param("CommandId"), self._get_param("InstanceId")
    listed = [
        {
            **{name: invocation[name] for name in _INVOCATION_FIELDS},
            "RequestedDateTime": command.requested_date_time,
        }
        for command in self.ssm_backend._commands  # noqa: SLF001
        for invocation in command.invocations
        if command_id in {None, command.command_id} and instance_id in {None, invocation["InstanceId"]}
    ]
    return ActionResult({"CommandInvocations": listed})


def cancel_command(self: Any) -> ActionResult:
    """Ask that a command ends; what has ended stays as it was."""
    command = self.ssm_backend.get_command_by_id(self._get_param("CommandId"))
    for invocation in command.invocations:
        if invocation["Status"] in _OPEN:
            invocation.update(Status="Cancelling", StatusDetails="Cancelling")
    return ActionResult({})


def tick(runtime: Runtime, sites: Mapping[str, Site]) -> None:
    """Begin what was sent, and tell what has ended. `sites` are the machines that can run a command now."""
    with runtime.lock:
        sent: list[Any] = [
            (command, invocation)
            for command in ssm_backends[runtime.world.account][runtime.world.region]._commands  # noqa: SLF001
            for invocation in command.invocations
            if invocation["Status"] in _OPEN
        ]
    for command, invocation in sent:
        changes = _next(command, invocation, sites.get(invocation["InstanceId"]))
        if changes:
            with runtime.lock:
                invocation.update(changes)
                _sum_up(command)
                runtime.touch("ssm")


def _next(command: Any, invocation: Mapping[str, Any], site: Site | None) -> dict[str, Any]:
    """Give what is new about a command on a machine."""
    if site is None:
        return _ended("Failed", "Undeliverable", -1)
    name, status = site.name(f"command-{command.command_id}"), invocation["Status"]
    child = site.processes.last(name)
    if status == "Cancelling":
        if child is not None:
            child.stop(1)
        return _ended("Cancelled", "Cancelled", -1)
    if child is None:
        _begin(command, site, name)
        began = datetime.now(UTC).isoformat()
        return {"Status": "InProgress", "StatusDetails": "InProgress", "ExecutionStartDateTime": began}
    return {} if child.alive() else _result(site, command, child)


def _begin(command: Any, site: Site, name: str) -> None:
    folder = _folder(site, command)
    folder.mkdir(parents=True, exist_ok=True)
    parameters = command.parameters
    script = folder / "script.sh"
    script.write_text("\n".join(parameters.get("commands", [])) + "\n")
    seconds = float((parameters.get("executionTimeout") or ["3600"])[0] or 3600)
    directory = (parameters.get("workingDirectory") or [""])[0].lstrip("/")
    # `timeout` ends with 124 when it had to; the script's own code comes through otherwise.
    run = f"exec timeout -k 1 {seconds:g} sh {shlex.quote(str(script))} >{_out(folder)} 2>{_err(folder)}"
    site.start(name, ["sh", "-c", run], site.environment, site.root / directory)


def _result(site: Site, command: Any, child: Child) -> dict[str, Any]:
    code = child.exit_code() or 0
    folder = _folder(site, command)
    status = "Success" if code == 0 else "TimedOut" if code == _TIMED_OUT else "Failed"
    return {
        **_ended(status, "Execution Timed Out" if status == "TimedOut" else status, code),
        "StandardOutputContent": _read(folder / "stdout", OUTPUT_SIGNS),
        "StandardErrorContent": _read(folder / "stderr", ERROR_SIGNS),
    }


def _ended(status: str, details: str, code: int) -> dict[str, Any]:
    ended = datetime.now(UTC).isoformat()
    return {"Status": status, "StatusDetails": details, "ResponseCode": code, "ExecutionEndDateTime": ended}


def _sum_up(command: Any) -> None:
    """Let a command be as far as the slowest machine, and as bad as the worst."""
    states = [invocation["Status"] for invocation in command.invocations]
    command.completed_count = sum(state not in _OPEN for state in states)
    command.error_count = sum(state in {"Failed", "TimedOut"} for state in states)
    order = ("Cancelling", "InProgress", "Pending", "Failed", "TimedOut", "Cancelled", "Success")
    command.status = next((state for state in order if state in states), "Success")
    command.status_details = command.status


def _online(backend: Any) -> list[Any]:
    instances = ec2_backends[backend.account_id][backend.region_name].all_instances()
    return [instance for instance in instances if instance.state == "running"]


def _folder(site: Site, command: Any) -> Path:
    return site.root / "var" / "lib" / "amazon" / "ssm" / command.command_id


def _out(folder: Path) -> str:
    return shlex.quote(str(folder / "stdout"))


def _err(folder: Path) -> str:
    return shlex.quote(str(folder / "stderr"))


def _read(path: Path, limit: int) -> str:
    return path.read_text(errors="replace")[:limit] if path.exists() else ""
