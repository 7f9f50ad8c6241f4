"""The seams: a resource type (`Kind`) and a data source (`Lookup`)."""

import time
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from botocore.exceptions import ClientError

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.schema import Attribute, Block
from dco_sandbox.provider.settle import settle
from dco_sandbox.provider.wire import UNKNOWN, Values, is_unknown

T = TypeVar("T")

SETTLING_SECONDS = 10.0
"""How long a thing just made may stay invisible to its neighbours before that is an error."""

GONE = ("NotFound", "NoSuch", "DoesNotExist", "InvalidInstanceID.Malformed")
NEVER_COMES = ("InvalidAMIID",)


class Kind:
    """One resource type: a table and what to do with it. `read` may leave out what AWS does not tell.

    `create` gives at least what identifies the thing; whatever must be set afterwards goes into `arrange`,
    so that a failure there leaves the thing in the state. Every verb may find the thing gone.
    """

    name: ClassVar[str]
    attributes: ClassVar[tuple[Attribute, ...]]
    blocks: ClassVar[tuple[Block, ...]] = ()

    def create(self, aws: Aws, want: Values) -> Values:
        """Make it and give its identity."""
        raise NotImplementedError

    def arrange(self, aws: Aws, state: Values) -> None:
        """Set what creation alone could not."""

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Give what is real, or None when it is gone."""
        raise NotImplementedError

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Make what is into what is wanted, tags aside."""

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        raise NotImplementedError

    def plan(self, have: Values | None, want: Values) -> None:
        """Adjust computed values of a plan in place."""

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Change tags in place; only kinds with tags are asked."""

    @property
    def tagged(self) -> bool:
        """Tell whether the type has tags."""
        return any(a.name == "tags_all" for a in self.attributes)

    def plan_tags(self, aws: Aws, want: Values) -> None:
        """Put into a plan the tags that the provider's defaults and the resource's own make together."""
        if self.tagged:
            own = want.get("tags")
            want["tags_all"] = UNKNOWN if _any_unknown(own) else {**aws.default_tags, **(own or {})}

    def state(self, aws: Aws, asked: Values, real: Values) -> Values:
        """Give the state to keep: what is real, written as it was asked where it means the same."""
        if self.tagged and "tags_all" in real:
            tags = aws.visible(real["tags_all"])
            own = asked.get("tags") or {}
            mine = {k: v for k, v in tags.items() if k in own or aws.default_tags.get(k) != v}
            real = {**real, "tags_all": tags, "tags": mine}
        return settle(self.attributes, self.blocks, asked, real)


class Lookup:
    """One data source: a table and a question."""

    name: ClassVar[str]
    attributes: ClassVar[tuple[Attribute, ...]]
    blocks: ClassVar[tuple[Block, ...]] = ()

    def read(self, aws: Aws, asked: Values) -> Values:
        """Give what AWS says, or raise what it raised."""
        raise NotImplementedError


def _any_unknown(tags: Any) -> bool:
    return is_unknown(tags) or any(is_unknown(v) for v in (tags or {}).values())


def is_gone(error: ClientError) -> bool:
    """Tell whether AWS said that there is no such thing."""
    return any(word in code_of(error) for word in GONE)


def code_of(error: ClientError) -> str:
    """Give the error code that AWS sent."""
    return str(error.response.get("Error", {}).get("Code", ""))


def once_visible(ask: Callable[[], T], seconds: float = SETTLING_SECONDS) -> T:
    """Ask until no just-made neighbour is missing any more; past the time, raise what AWS said last.

    AWS is eventually consistent: a role or group made a second ago may not be found yet.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except ClientError as error:
            if time.monotonic() > end or not _may_come(error):
                raise
        time.sleep(0.3)


def _may_come(error: ClientError) -> bool:
    if any(word in code_of(error) for word in NEVER_COMES):
        return False
    return is_gone(error) or "Instance Profile" in str(error)


def wait_until(what: str, done: Callable[[], bool], seconds: float, pause: float = 0.2) -> None:
    """Wait until `done`, or raise TimeoutError that names what was waited for."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            msg = f"waited {seconds:.0f} s for {what}"
            raise TimeoutError(msg)
        time.sleep(pause)


def pairs(tags: dict[str, str] | None, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Give tags as AWS wants them."""
    return [{key: k, value: v} for k, v in (tags or {}).items()]


def unpaired(tags: list[dict[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Give tags as Terraform wants them."""
    return {t[key]: t[value] for t in tags or []}


def given(**values: Any) -> dict[str, Any]:
    """Give the arguments that are not null, for a call that treats absence and null differently."""
    return {k: v for k, v in values.items() if v is not None}
