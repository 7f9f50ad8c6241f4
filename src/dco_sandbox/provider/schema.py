"""Tables that describe a resource type, and their protocol form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tf.gen import tfplugin_pb2

from dco_sandbox.provider.wire import UNKNOWN, Values

pb: Any = tfplugin_pb2

TEXT = '"string"'
NUMBER = '"number"'
BOOL = '"bool"'
TEXTS = '["list","string"]'
TEXT_SET = '["set","string"]'
TEXT_MAP = '["map","string"]'

Same = Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Attribute:
    """One argument or exported value. `new`: a change replaces the resource; `same`: a comparison of its own."""

    name: str
    type: str = TEXT
    required: bool = False
    optional: bool = False
    computed: bool = False
    default: Any = None
    new: bool = False
    sensitive: bool = False
    volatile: bool = False
    same: Same | None = None

    def message(self) -> Any:
        """Give the protocol form."""
        return pb.Schema.Attribute(
            name=self.name,
            type=self.type.encode(),
            required=self.required,
            optional=self.optional,
            computed=self.computed,
            sensitive=self.sensitive,
        )


@dataclass(frozen=True)
class Block:
    """A nested block: a list by default, a set when `as_set`; `most` 0 means any number."""

    name: str
    attributes: tuple[Attribute, ...]
    blocks: tuple["Block", ...] = ()
    as_set: bool = False
    least: int = 0
    most: int = 0
    new: bool = False

    def message(self) -> Any:
        """Give the protocol form."""
        nesting = pb.Schema.NestedBlock.NestingMode
        return pb.Schema.NestedBlock(
            type_name=self.name,
            block=block_message(self.attributes, self.blocks),
            nesting=nesting.SET if self.as_set else nesting.LIST,
            min_items=self.least,
            max_items=self.most,
        )


def block_message(attributes: tuple[Attribute, ...], blocks: tuple[Block, ...]) -> Any:
    """Give the protocol form of a block's inside."""
    return pb.Schema.Block(attributes=[a.message() for a in attributes], block_types=[b.message() for b in blocks])


def schema_message(attributes: tuple[Attribute, ...], blocks: tuple[Block, ...]) -> Any:
    """Give the protocol form of a whole type. The version is 0 for ever: state here is a sandbox's own."""
    return pb.Schema(version=0, block=block_message(attributes, blocks))


def required(name: str, type_: str = TEXT, **more: Any) -> Attribute:
    """Make an argument that must be given."""
    return Attribute(name, type_, required=True, **more)


def optional(name: str, type_: str = TEXT, **more: Any) -> Attribute:
    """Make an argument that may be left out and then is null; `default` is what AWS makes of null."""
    return Attribute(name, type_, optional=True, **more)


def either(name: str, type_: str = TEXT, default: Any = UNKNOWN, **more: Any) -> Attribute:
    """Make an argument that AWS decides when it is left out, or that has a default known when planning."""
    return Attribute(name, type_, optional=True, computed=True, default=default, **more)


def computed(name: str, type_: str = TEXT, **more: Any) -> Attribute:
    """Make a value that only AWS gives."""
    return Attribute(name, type_, computed=True, default=UNKNOWN, **more)


TAGS = (optional("tags", TEXT_MAP), computed("tags_all", TEXT_MAP))
"""What every type with tags has."""


def complete(attributes: tuple[Attribute, ...], blocks: tuple[Block, ...], values: Values) -> Values:
    """Give the object with every key of its schema, null or empty where there is none, and no other key."""
    whole: Values = {a.name: values.get(a.name) for a in attributes}
    for block in blocks:
        inner = values.get(block.name) or []
        whole[block.name] = (
            [complete(block.attributes, block.blocks, each) for each in inner] if isinstance(inner, list) else inner
        )
    return whole
