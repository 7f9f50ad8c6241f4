"""What most commands begin with: the environment of the directory, and the way to its outside."""

from pathlib import Path

from dco import settings
from dco.model.environment import Environment
from dco.wiring.connect import Outside, outside


def connect(directory: Path) -> tuple[Environment, Outside]:
    """Return the environment and its seams. Raises `ConfigurationError` when dco.toml is not as it must be."""
    environment = settings.read(directory).needed()
    return environment, outside(directory, environment)
