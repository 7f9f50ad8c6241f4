"""Building images."""

from pathlib import Path
from typing import Protocol

from dco.model.environment import Application


class Images(Protocol):
    """Builders and the registry."""

    def build(self, application: Application, root: Path, revision: str, token: str) -> str:
        """Build from an export and push; return `REPOSITORY@sha256:…`.

        Raises `StepFailed` with the last lines of the build's output.
        """
        ...

    def exists(self, image: str) -> bool:
        """Tell whether the registry has an image, named by digest."""
        ...
