"""`seams.stacks.Stacks` for Terraform ≥ 1.5 and OpenTofu ≥ 1.6."""

import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from dco.model.canonical import canonical, fingerprint
from dco.model.environment import Stack
from dco.model.errors import ConfigurationError, StepFailed, Unreadable
from dco.providers.terraform.applying import Applying, is_ours
from dco.providers.terraform.command import Answer, Command, find
from dco.providers.terraform.reading import read_plan
from dco.providers.terraform.saved import read_saved_state
from dco.providers.terraform.words import Holder, diagnostics, failure, holder_of, needs_init, refusal
from dco.seams.stacks import StackPlan

_CHANGES = 2
"""Exit code of `plan -detailed-exitcode` when there is something to do."""
_LOCK_FILE = ".terraform.lock.hcl"


class TerraformStacks:
    """Plans and applies. What `init` fetched is kept for the next night, and fetched again when terraform asks."""

    def __init__(
        self,
        directory: Path,
        home: Path,
        variables: Mapping[str, str],
        *,
        binary: str | None = None,
        values: Callable[[Stack], Mapping[str, str]] = lambda _: {},
    ) -> None:
        """Keep working data below `directory`; `home` is where `dco.toml` stands: `cli_config` is relative to it.

        `variables` are credentials, region and endpoints for terraform's environment; `values` reads what stands in a
        stack's `inputs`.
        """
        self._directory = directory
        self._home = home
        self._variables = variables
        self._binary = binary
        self._values = values

    def plan(self, stack: Stack, root: Path, file: Path, *, lock: bool = False) -> StackPlan:
        """See `Stacks.plan`."""
        place = _place(stack, root)
        file = file.absolute()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.chmod(0o600)
        values = self._values(stack)
        answer = self._planned_with(values, stack, place, file, lock=lock)
        if answer.code not in (0, _CHANGES):
            raise refusal(stack.directory, "plan", diagnostics(answer.out, answer.err))
        file.chmod(0o600)
        saved = read_saved_state(file)
        if answer.code == 0 and saved is not None:
            same = StackPlan(changed=False, file=str(file), serial=saved.serial, data_sources=saved.data_sources)
            return msgspec.structs.replace(same, in_use=saved.in_use)
        shown, secrets = self._show(stack, place, file), frozenset(values.values())
        if saved is None:
            return read_plan(shown, str(file), self.serial(stack, root), secrets)
        found = read_plan(shown, str(file), saved.serial, secrets)
        return msgspec.structs.replace(found, data_sources=saved.data_sources, in_use=saved.in_use)

    def apply(self, stack: Stack, root: Path, file: Path) -> None:
        """See `Stacks.apply`. Raises `Refused` too when someone else holds the lock: then nothing was applied."""
        place = _place(stack, root)
        applying = self._applying(stack)
        unanswered = applying.begun()
        applying.begin()
        arguments = ["apply", "-json", "-input=false", str(file.absolute())]
        answer = self._initialised(stack, place, arguments)
        if self._freed(stack, place, answer, unanswered):
            answer = self._run(stack, place, arguments)
        applying.end()
        if answer.late:
            raise StepFailed(
                f"terraform apply of {stack.directory} was interrupted after {stack.time_limit_seconds:g} s",
                "raise time_limit_seconds of the stack if it needs longer",
            )
        if answer.code != 0:
            raise failure(stack.directory, diagnostics(answer.out, answer.err))

    def serial(self, stack: Stack, root: Path) -> int:
        """See `Stacks.serial`. A state that was never written has serial 0."""
        place = _place(stack, root)
        answer = self._initialised(stack, place, ["state", "pull"])
        if answer.code != 0:
            raise refusal(stack.directory, "state pull", diagnostics(answer.out, answer.err))
        if not answer.out.strip():
            return 0
        return int(msgspec.json.decode(answer.out, type=dict[str, Any]).get("serial", 0))

    def _planned_with(self, values: Mapping[str, str], stack: Stack, place: Path, file: Path, *, lock: bool) -> Answer:
        """Plan with values that stand in a file of ours for so long only; a file, as arguments can be read by all."""
        if not values:
            return self._planned(stack, place, [f"-out={file}"], lock=lock)
        given = self._data(stack) / "inputs.tfvars.json"
        given.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        given.touch(mode=0o600)
        try:
            given.write_bytes(msgspec.json.encode(values))
            return self._planned(stack, place, [f"-out={file}", f"-var-file={given}"], lock=lock)
        finally:
            given.unlink(missing_ok=True)

    def _planned(self, stack: Stack, place: Path, more: list[str], *, lock: bool) -> Answer:
        """Plan; after an apply of ours that never answered with the lock, to see whether it left it behind."""
        unanswered = self._applying(stack).begun()
        more = [*self._inputs(stack, place), *more]

        def once(*, lock: bool) -> Answer:
            arguments = ["plan", "-json", "-input=false", f"-lock={str(lock).lower()}", "-detailed-exitcode", *more]
            return self._initialised(stack, place, arguments)

        answer = once(lock=lock or bool(unanswered))
        if not unanswered:
            return answer
        if self._freed(stack, place, answer, unanswered) or (not lock and _locked_by(answer)):
            answer = once(lock=lock)
        self._applying(stack).end()
        return answer

    def _freed(self, stack: Stack, place: Path, answer: Answer, unanswered: list[datetime]) -> bool:
        """Take the state lock away that a terraform of ours left when it was killed; tell whether there was one."""
        holder = _locked_by(answer)
        if holder is None or not is_ours(holder, unanswered):
            return False
        return self._run(stack, place, ["force-unlock", "-force", holder.id]).code == 0

    def _initialised(self, stack: Stack, place: Path, arguments: list[str]) -> Answer:
        """Run a command; when terraform asks for `init`, or we have never run it so, initialise and run it again."""
        fresh = self._needs_first_init(stack)
        if fresh:
            self._init(stack, place)
        else:
            self._lend_lock_file(stack, place)
        answer = self._run(stack, place, arguments)
        if answer.code not in (0, _CHANGES) and not fresh and needs_init(diagnostics(answer.out, answer.err)):
            self._init(stack, place)
            answer = self._run(stack, place, arguments)
        if answer.late and arguments[0] != "apply":
            what = f"terraform {arguments[0]} of {stack.directory} took longer than {stack.time_limit_seconds:g} s"
            raise Unreadable(what, "raise time_limit_seconds of the stack, or see what it waits for")
        return answer

    def _init(self, stack: Stack, place: Path) -> None:
        data = self._data(stack)
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._marker(stack).unlink(missing_ok=True)
        backend = [f"-backend-config={entry}" for entry in stack.backend_config]
        answer = self._run(stack, place, ["init", "-input=false", "-no-color", "-reconfigure", *backend])
        if answer.late:
            what = f"terraform init of {stack.directory} took longer than {stack.time_limit_seconds:g} s"
            raise Unreadable(what, "see whether the registry and the backend can be reached from here")
        if answer.code != 0:
            raise refusal(stack.directory, "init", diagnostics(answer.out, answer.err))
        if (place / _LOCK_FILE).exists():
            shutil.copyfile(place / _LOCK_FILE, data / _LOCK_FILE)
        self._marker(stack).write_bytes(self._way_in(stack))

    def _needs_first_init(self, stack: Stack) -> bool:
        """True when `init` never ended, or with other settings: what terraform can't notice by itself."""
        marker = self._marker(stack)
        return not marker.exists() or marker.read_bytes() != self._way_in(stack)

    def _way_in(self, stack: Stack) -> bytes:
        binary = find(self._binary)
        return canonical((str(binary), binary.resolve().stat().st_mtime, stack.backend_config, stack.cli_config))

    def _lend_lock_file(self, stack: Stack, place: Path) -> None:
        """Give a revision without a committed lock file the one that our `init` made, else it would ask for another."""
        ours = self._data(stack) / _LOCK_FILE
        if ours.exists() and not (place / _LOCK_FILE).exists():
            shutil.copyfile(ours, place / _LOCK_FILE)

    def _show(self, stack: Stack, place: Path, file: Path) -> Mapping[str, Any]:
        answer = self._run(stack, place, ["show", "-json", str(file)])
        if answer.code != 0:
            raise refusal(stack.directory, "show", diagnostics(answer.out, answer.err))
        try:
            return msgspec.json.decode(answer.out, type=dict[str, Any])
        except msgspec.DecodeError as error:
            what = f"terraform show of {stack.directory} did not print a whole plan: {error}"
            raise Unreadable(what, f"run terraform show -json in {stack.directory} by hand") from None

    def _inputs(self, stack: Stack, place: Path) -> list[str]:
        """Name the var files; variables go through a file too, because arguments can be read by everyone here."""
        files = [f"-var-file={entry}" for entry in stack.var_files]
        for entry in stack.var_files:
            if not (place / entry).exists():
                where = f"{stack.directory}/{entry}"
                raise ConfigurationError(f"the variable file {where} is not in the commit", "commit it, or correct it")
        if stack.variables:
            given = self._data(stack) / "variables.tfvars.json"
            given.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            given.touch(mode=0o600)
            given.write_bytes(msgspec.json.encode(stack.variables))
            files.append(f"-var-file={given}")
        return files

    def _run(self, stack: Stack, place: Path, arguments: list[str]) -> Answer:
        given = {"TF_DATA_DIR": str(self._data(stack))}
        if stack.cli_config:
            given["TF_CLI_CONFIG_FILE"] = str((self._home / stack.cli_config).absolute())
        command = Command(find(self._binary), self._variables)
        return command.run(arguments, place, given, stack.time_limit_seconds, self._data(stack) / "busy.lock")

    def _data(self, stack: Stack) -> Path:
        """Return a stack's own working directory for terraform; engines and environments never share one."""
        name = stack.directory.strip("./").replace("/", "-") or "root"
        key = fingerprint((stack.directory, stack.backend_config, find(self._binary).name))[:8]
        return (self._directory / f"{name}-{key}").absolute()

    def _applying(self, stack: Stack) -> Applying:
        return Applying(self._data(stack) / "applying.json")

    def _marker(self, stack: Stack) -> Path:
        return self._data(stack) / "initialised.json"


def _locked_by(answer: Answer) -> Holder | None:
    return None if answer.code in (0, _CHANGES) else holder_of(diagnostics(answer.out, answer.err))


def _place(stack: Stack, root: Path) -> Path:
    place = (root / stack.directory).absolute()
    if not place.is_dir():
        raise ConfigurationError(
            f"the commit has no directory {stack.directory}", "correct the stack's directory in dco.toml"
        )
    return place
