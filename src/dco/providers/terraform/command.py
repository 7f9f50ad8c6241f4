"""Starting terraform: which one, in which environment, and how it is ended when its time is over."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dco.model.errors import ConfigurationError

_GRACE_SECONDS = 60
"""How long terraform may take to end a call in flight and release its lock after an interrupt."""
_INHERITED = ("TF_VAR_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_WORKSPACE", "TF_LOG", "TF_INPUT", "TF_CLI_CONFIG_FILE")
"""What must not come from the shell of whoever started us: a plan depends on its revision and recorded inputs only."""


@dataclass(frozen=True)
class Answer:
    """How a command ended. `late` tells that it was interrupted because its time was over."""

    code: int
    out: str
    err: str
    late: bool = False


@dataclass(frozen=True)
class Command:
    """A terraform binary and the variables it gets beside our own: credentials, region, endpoints."""

    binary: Path
    variables: Mapping[str, str]

    def run(self, arguments: list[str], directory: Path, given: Mapping[str, str], time_limit: float) -> Answer:
        """Run terraform in a directory; after the time limit interrupt it and wait, so that it releases its lock."""
        process = subprocess.Popen(
            [str(self.binary), *arguments],
            cwd=directory,
            env=self._environment(given),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C meant for us must not reach it twice: we pass on one interrupt
            text=True,
            errors="replace",
        )
        try:
            out, err = process.communicate(timeout=time_limit)
        except subprocess.TimeoutExpired:
            out, err = _interrupt(process)
            return Answer(process.returncode, out, err, late=True)
        except BaseException:  # also KeyboardInterrupt: terraform must not be left behind with its lock
            _interrupt(process)
            raise
        return Answer(process.returncode, out, err)

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_INHERITED)}
        fixed = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
        return kept | dict(self.variables) | fixed | dict(given)


def find(configured: str | None) -> Path:
    """Return the terraform to use: the configured one, else `terraform` or `tofu` on PATH, else the one set-up left.

    Raises `ConfigurationError` when there is none.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    names = [configured] if configured else ["terraform", "tofu", str(cache / "dco/bin/terraform")]
    for name in names:
        if found := shutil.which(name):
            return Path(found).absolute()
    wanted = configured or "terraform or tofu"
    raise ConfigurationError(f"{wanted} was not found", "install Terraform 1.5 or OpenTofu 1.6, or newer, on PATH")


def _interrupt(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Interrupt as a person would, and wait; a process that ignores it is killed with its children."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()
