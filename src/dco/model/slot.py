"""A database's slot: the SSM parameter that says which servers it has. `terraform/database` reads the same words.

Exactly one colour serves, and at most one other is there beside it: nothing else can be written down.

    alone → joined → swapped (and back, as often as one likes) → retired → alone
"""

from typing import Literal

import msgspec

from dco.model.errors import ConfigurationError

Colour = Literal["blue", "green"]


class Other(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The server of the colour that does not serve."""

    image: str
    version: str
    state: Literal["following", "retired"]
    """`following`: it is there and refuses writes. `retired`: its instance is ended, its volume kept."""
    snapshot: str | None = None
    """The EBS snapshot from which its volume is made; without one it is copied over Bolt."""
    comparison: str | None = None
    """What proved that nothing is lost by retiring it."""
    backup: str | None = None
    """The last backup of it."""


class Slot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What serves, and what else is there."""

    image: str
    version: str
    colour: Colour
    other: Other | None = None

    @property
    def other_colour(self) -> Colour:
        """The colour that does not serve."""
        return "green" if self.colour == "blue" else "blue"

    @property
    def serving(self) -> tuple[str, str, str]:
        """What serves, without what is beside it."""
        return self.image, self.version, self.colour

    def text(self) -> str:
        """Write the parameter's value."""
        return msgspec.json.encode(self).decode()

    def joined(self, image: str, version: str, snapshot: str | None = None) -> "Slot":
        """Ask for a second server that follows."""
        return _with(self, Other(image=image, version=version, state="following", snapshot=snapshot))

    def swapped(self) -> "Slot":
        """Let the follower serve and the server follow. Raises `ConfigurationError` when none follows."""
        if self.other is None or self.other.state != "following":
            raise ConfigurationError("no server follows that could serve", "join one first")
        behind = Other(image=self.image, version=self.version, state="following")
        return Slot(image=self.other.image, version=self.other.version, colour=self.other_colour, other=behind)

    def retired(self, comparison: str, backup: str) -> "Slot":
        """End the instance that does not serve, and keep its volume; say what proved that nothing is lost."""
        if self.other is None or not comparison or not backup:
            raise ConfigurationError("nothing is retired without a comparison and a backup", "name both")
        proof = {"state": "retired", "snapshot": None, "comparison": comparison, "backup": backup}
        return _with(self, msgspec.structs.replace(self.other, **proof))

    def alone(self) -> "Slot":
        """Let a retired one's volume go. Raises `ConfigurationError` while its instance may be there."""
        if self.other is not None and self.other.state != "retired":
            raise ConfigurationError("a server that follows can't be left out", "retire it first")
        return _with(self, None)


def read(text: str, parameter: str) -> Slot:
    """Read a parameter's value. Raises `ConfigurationError` when it is no slot."""
    try:
        return msgspec.json.decode(text, type=Slot)
    except msgspec.MsgspecError as error:
        raise ConfigurationError(
            f"the slot {parameter} can't be read: {error}", 'write {"image", "version", "colour"}'
        ) from None


def _with(slot: Slot, other: Other | None) -> Slot:
    return msgspec.structs.replace(slot, other=other)
