"""What a changed configuration would do to what holds data and to who gets in, as far as files alone can tell.

Terraform decides; this is for when it can't be asked. What plainly destroys or replaces data is blocked, what may do so
is for a person, and only what is known to do neither goes by itself.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dco.detect.hcl.syntax import Block
from dco.detect.opened import opened
from dco.detect.repeated import repeated
from dco.detect.replacing import HARMLESS, UNSEEN, forces
from dco.detect.stack_tree import ALL, DATA, NOTHING, Module, Tree, every
from dco.model.change import Action
from dco.model.environment import Stack
from dco.model.holding import kind_holds_data

_DATABASE = re.compile(
    r"aws_(?:db_instance|rds_|neptune|docdb|dynamodb|elasticache|redshift|memorydb|keyspaces|opensearch)"
)
_RUNS_ONE = re.compile(
    r"neo4j|postgres|mysql|mariadb|mongo|redis|cassandra|database|(?<![a-z])db(?![a-z])", re.IGNORECASE
)
Pair = tuple[Module, Block]


@dataclass(frozen=True)
class Foreseen:
    """What would come of a change: a sentence about an address, and what it asks for."""

    action: Action
    address: str
    sentence: str
    database: str = ""
    """The database that it is about, if it is one."""


def foresee(stack: Stack, old: Tree, new: Tree) -> tuple[Foreseen, ...]:
    """Compare two configurations of a stack, the gravest first."""
    look = _Foresight(stack, old, new)
    found = [*look.resources(), *look.settings(), *look.openings()]
    return tuple(sorted(found, key=lambda each: (-list(Action).index(each.action), each.address)))


class _Foresight:
    """Two configurations side by side."""

    def __init__(self, stack: Stack, old: Tree, new: Tree) -> None:
        self._holding = tuple(stack.holds_data)
        self._old = old
        self._new = new
        self._before = old.resources()
        self._after = new.resources()
        self._moves = new.moves()

    def resources(self) -> Iterator[Foreseen]:
        """Yield what becomes of each resource that holds data."""
        for address, (module, block) in self._before.items():
            if not kind_holds_data(block.labels[0], self._holding):
                continue
            there = self._moved(address)
            if there not in self._after:
                action, sentence = self._gone(address, block)
                yield self._about(action, address, sentence, module, block)
                continue
            for action, sentence in self._kept(address, there, (module, block), self._after[there]):
                yield self._about(action, address, sentence, module, block)

    def openings(self) -> Iterator[Foreseen]:
        """Yield what lets everybody in, and which protections end."""
        for address, (_, block) in self._after.items():
            former = self._before.get(address)
            for sentence in opened(former[1] if former else None, block):
                yield Foreseen(Action.APPROVE, address, f"{address} {sentence}")
        documents = {each.labels: each for module in self._old.modules() for each in module.of("data")}
        for module in self._new.modules():
            for block in module.of("data"):
                address = f"{module.prefix}data.{'.'.join(block.labels)}"
                for sentence in opened(documents.get(block.labels), block):
                    yield Foreseen(Action.APPROVE, address, f"{address} {sentence}")

    def settings(self) -> Iterator[Foreseen]:
        """Yield what concerns the whole stack: where its state is, providers, modules from elsewhere."""
        before, after = (_settings(tree) for tree in (self._old, self._new))
        for what in sorted({**before, **after}):
            if before.get(what) != after.get(what):
                yield Foreseen(
                    Action.APPROVE, what, f"{what} differs: what that does to every resource can't be told here"
                )

    def _about(self, action: Action, address: str, sentence: str, module: Module, block: Block) -> Foreseen:
        return Foreseen(action, address, sentence, _database(module, block))

    def _moved(self, address: str) -> str:
        """Return where an address is now, by the `moved` blocks."""
        for _ in range(len(self._moves)):
            if address in self._after:
                break
            for origin, there in self._moves:
                if address == origin or address.startswith(f"{origin}."):
                    address = there + address[len(origin) :]
                    break
        return address

    def _gone(self, address: str, block: Block) -> tuple[Action, str]:
        if any(address == gone or address.startswith(f"{gone}.") for gone in self._forgotten()):
            return Action.APPROVE, f"{address} holds data and would only be forgotten: nobody looks after it then"
        what = f"{address} holds data and would be destroyed: no configuration names it any more"
        twin = next(iter(self._twins(block)), None)
        if twin:
            return (
                Action.BLOCK,
                f"{what}; if it only got another address, add: moved {{ from = {address} to = {twin} }}",
            )
        return Action.BLOCK, f"{what}; put it back; what really has to go is removed by a person, after a backup"

    def _forgotten(self) -> Iterator[str]:
        for module in self._new.modules():
            for block in module.of("removed"):
                kept = any(each.attributes["destroy"].text == "false" for each in block.nested("lifecycle"))
                if kept and "from" in block.attributes:
                    yield module.prefix + block.attributes["from"].text

    def _twins(self, block: Block) -> Iterator[str]:
        """Yield new addresses of the same type that say the same, else that have the same name."""
        fresh = [
            (address, other)
            for address, (_, other) in self._after.items()
            if address not in self._before and other.labels[0] == block.labels[0]
        ]
        yield from (address for address, other in fresh if other.meaning()[2:] == block.meaning()[2:])
        yield from (address for address, other in fresh if other.labels == block.labels)
        if len(fresh) == 1:
            yield fresh[0][0]

    def _kept(self, address: str, there: str, before: Pair, after: Pair) -> Iterable[tuple[Action, str]]:
        explicit = any(address.startswith(origin) for origin, _ in self._moves)
        yield from repeated(address, self._old, self._new, before, after, moved=explicit)
        kind, ignored = after[1].labels[0], _ignored(after[1])
        for name in sorted({*before[1].attributes, *after[1].attributes} - UNSEEN):
            if name in ignored or "all" in ignored:
                continue
            beyond = ALL if forces(kind, name, after[1]) else DATA
            sure, maybe = (self._differs(name, before, after, follow) for follow in (NOTHING, beyond))
            if not (sure or maybe) or name in HARMLESS:
                continue
            yield _judged(there, kind, name, after[1], sure=sure)
        yield from self._within(there, before, after, ignored)

    def _within(self, there: str, before: Pair, after: Pair, ignored: set[str]) -> Iterable[tuple[Action, str]]:
        """Yield what blocks within a resource say otherwise."""
        kinds = {block.kind for block in (*before[1].blocks, *after[1].blocks)}
        for kind in sorted(kinds - UNSEEN - ignored):
            sides = [
                [(b.meaning(), [tree.depth(m, e, DATA) for e in every(b)]) for b in block.nested(kind)]
                for tree, (m, block) in ((self._old, before), (self._new, after))
            ]
            if sides[0] != sides[1] and kind == "lifecycle":
                yield Action.APPROVE, f"{there} holds data, and how it is kept (lifecycle) differs"
            elif sides[0] != sides[1]:
                yield Action.APPROVE, f"{there} holds data, and its {kind} differs: that may replace it"

    def _differs(self, name: str, before: Pair, after: Pair, follow: frozenset[str]) -> bool:
        sides: list[str | None] = []
        for tree, (module, block) in ((self._old, before), (self._new, after)):
            found = block.attributes.get(name)
            sides.append(tree.depth(module, found, follow) if found else None)
        return sides[0] != sides[1]


def _judged(address: str, kind: str, name: str, block: Block, *, sure: bool) -> tuple[Action, str]:
    """Say what another value of an attribute does."""
    if name == "user_data" and kind == "aws_instance" and not forces(kind, name, block):
        return Action.APPROVE, f"{address}: its user_data differs: that stops and starts it, and is not run again"
    if forces(kind, name, block):
        chain = f"its {name} differs" if sure else f"its {name} may be another one, by what it refers to"
        what = f"{address} holds data and would be replaced: {chain}"
        return (Action.BLOCK if sure else Action.APPROVE), f"{what}; keep the value, or move it by a database redeploy"
    return (
        Action.APPROVE,
        f"{address} holds data, and its {name} differs: whether that replaces it only Terraform can tell",
    )


def _ignored(block: Block) -> set[str]:
    """Return the attributes that Terraform leaves alone as a whole; of one in part the rest still counts."""
    found: set[str] = set()
    for each in block.nested("lifecycle"):
        if "ignore_changes" in each.attributes:
            listed = each.attributes["ignore_changes"].text.strip("[] \n")
            found |= {word.strip(' \n"') for word in listed.split(",")}
    return found


def _settings(tree: Tree) -> dict[str, object]:
    """Return what the whole stack depends on, by what it is."""
    found: dict[str, object] = {"the lock of its providers": tree.lock}
    for module in tree.modules():
        for block in module.of("terraform"):
            for each in block.blocks:
                found[f"{module.prefix}{each.kind}"] = each.meaning()
            for name, value in block.attributes.items():
                found[f"{module.prefix}{name}"] = value.meaning
        for block in module.of("provider"):
            alias = block.attributes["alias"].text if "alias" in block.attributes else ""
            depths = [tree.depth(module, each, NOTHING) for each in every(block)]
            found[f"{module.prefix}provider {block.labels[0]} {alias}".strip()] = (block.meaning(), depths)
        for block in module.of("module"):
            if block.labels[0] not in module.children:
                depths = [tree.depth(module, each, NOTHING) for each in every(block)]
                found[f"{module.prefix}module {block.labels[0]}"] = (block.meaning(), depths)
    return found


def _database(module: Module, block: Block) -> str:
    """Return the name of the database that a resource is, empty when it is none."""
    kind, name = block.labels
    if _DATABASE.match(kind):
        return name
    words = " ".join([module.prefix, name, *(each.text for each in every(block))])
    return name if kind == "aws_instance" and _RUNS_ONE.search(words) else ""
