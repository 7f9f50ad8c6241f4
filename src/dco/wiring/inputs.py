"""The values of a stack's inputs, read where dco.toml says they are."""

from pathlib import Path

from dco.model.environment import Stack, StackInput
from dco.model.errors import ConfigurationError, Unreadable
from dco.seams.parameters import Parameters


def read(stack: Stack, parameters: Parameters, home: Path) -> dict[str, str]:
    """Return variable → value. Raises `Unreadable` naming what is missing: it is never planned without."""
    return {name: _value(name, one, parameters, home) for name, one in stack.inputs.items()}


def _value(name: str, one: StackInput, parameters: Parameters, home: Path) -> str:
    if one.parameter is not None:
        found = parameters.get(one.parameter)
        return _there(found, name, f"parameter {one.parameter}")
    if one.secret is not None:
        try:
            return _there(parameters.secret(one.secret).get(one.field), name, f"field {one.field} of {one.secret}")
        except ConfigurationError as error:
            raise Unreadable(f"the input {name} can't be read: {error.what}", error.remedy) from None
    path = home / str(one.file)
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except OSError as error:
        raise Unreadable(f"the input {name} can't be read: {path}: {error.strerror}", "write that file") from None


def _there(found: str | None, name: str, where: str) -> str:
    if found is None:
        raise Unreadable(f"the input {name} can't be read: there is no {where}", "create it, or correct dco.toml")
    return found
