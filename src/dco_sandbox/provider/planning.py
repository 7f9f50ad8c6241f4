"""What would come of a change: pure but for the provider's default tags."""

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind
from dco_sandbox.provider.settle import same, same_blocks
from dco_sandbox.provider.wire import UNKNOWN, Values, holds_unknown


def plan_change(
    kind: Kind, aws: Aws, prior: Values | None, proposed: Values, config: Values
) -> tuple[Values, list[str]]:
    """Give the planned object and the names of attributes and blocks whose change forces a replacement."""
    if prior is None:
        planned = _plan_create(kind, proposed, config)
        kind.plan(None, planned)
        kind.plan_tags(aws, planned)
        return planned, []
    planned, changed = _plan_update(kind, prior, proposed, config)
    kind.plan_tags(aws, planned)
    if planned.get("tags_all") != prior.get("tags_all"):
        changed.append("tags_all")
    if changed:
        for attribute in kind.attributes:
            if attribute.volatile and config.get(attribute.name) is None:
                planned[attribute.name] = UNKNOWN
    kind.plan(prior, planned)
    immutable = {a.name for a in kind.attributes if a.new} | {b.name for b in kind.blocks if b.new}
    return planned, [name for name in changed if name in immutable]


def _plan_create(kind: Kind, proposed: Values, config: Values) -> Values:
    planned = dict(proposed)
    for attribute in kind.attributes:
        if attribute.computed and config.get(attribute.name) is None:
            planned[attribute.name] = attribute.default
    return planned


def _plan_update(kind: Kind, prior: Values, proposed: Values, config: Values) -> tuple[Values, list[str]]:
    # Terraform lets a plan keep the prior value where the configured one only looks different.
    planned, changed = dict(proposed), list[str]()
    for attribute in kind.attributes:
        name = attribute.name
        if config.get(name) is None and attribute.computed:
            known = attribute.default is not UNKNOWN
            planned[name] = attribute.default if known else prior.get(name)
        if same(attribute, prior.get(name), planned[name]):
            if planned[name] is not None and prior.get(name) is not None:
                planned[name] = prior[name]
        else:
            changed.append(name)
    for block in kind.blocks:
        old, new = prior.get(block.name) or [], proposed.get(block.name) or []
        if holds_unknown(new) or not same_blocks(block, old, new):
            changed.append(block.name)
        else:
            planned[block.name] = old
    return planned, changed
