"""Rules for what holds data: which image it takes, what keeps it from being deleted, what its start script does."""

import re
from collections.abc import Iterator
from typing import Any

from dco.model.holding import kind_holds_data
from dco.model.remark import Remark
from dco.review.configuration import Block, is_expression, row
from dco.review.root import Root

_DATA = re.compile(r"\bdata\.(\w+)\.([\w-]+)")
_PROTECTS = {
    "aws_cognito_user_pool": "deletion_protection",
    "aws_db_instance": "deletion_protection",
    "aws_docdb_cluster": "deletion_protection",
    "aws_dynamodb_table": "deletion_protection_enabled",
    "aws_instance": "disable_api_termination",
    "aws_neptune_cluster": "deletion_protection",
    "aws_rds_cluster": "deletion_protection",
}
_ITS_OWN = frozenset(
    {"aws_ebs_volume", "aws_s3_bucket", "aws_efs_file_system", "aws_kms_key", "aws_secretsmanager_secret"}
)
"""Types without a protection at AWS: Terraform's own has to do."""


def images(root: Root) -> Iterator[Remark]:
    """Yield `most-recent`: a newer image would replace what holds data, on a night when nobody changed a line."""
    moving = {block.labels: block for block in root.everything if block.kind == "data" and _moves(block)}
    for block in _holding(root):
        ignored = {str(name).strip("${}") for said in _lifecycle(block, "ignore_changes") for name in row(said)}
        image = block.body.get("ami", "")
        for kind, name in _DATA.findall(str(image)):
            source = moving.get((kind, name))
            if source is not None and not ignored & {"ami", "all"}:
                what = f"{block.address} takes its image from {source.address}, which is always the newest"
                remedy = "pin the image by a parameter that dco sets, or lifecycle { ignore_changes = [ami] }"
                yield Remark(rule="most-recent", where=block.place, what=what, remedy=remedy)


def protections(root: Root) -> Iterator[Remark]:
    """Yield `no-deletion-protection`. A protection that is computed counts as one."""
    for block in _holding(root):
        attribute = _PROTECTS.get(block.labels[0])
        if attribute is None and block.labels[0] not in _ITS_OWN:
            continue
        if any(one is True for one in _lifecycle(block, "prevent_destroy")):
            continue
        said = block.body.get(attribute or "")
        if said is True or is_expression(said):
            continue
        remedy = "lifecycle { prevent_destroy = true }" + (f", or {attribute} = true" if attribute else "")
        what = f"{block.address} holds data, and nothing keeps it from being deleted"
        yield Remark(rule="no-deletion-protection", where=block.place, what=what, remedy=remedy)


def scripts(root: Root) -> Iterator[Remark]:
    """Yield `script-not-run-again`: changed user data stops a machine and starts it, without running the script."""
    for block in root.everything:
        if block.kind != "resource" or block.labels[:1] != ("aws_instance",):
            continue
        has = block.body.get("user_data") or block.body.get("user_data_base64")
        ignored = {str(name).strip("${}") for said in _lifecycle(block, "ignore_changes") for name in row(said)}
        if has and "user_data_replace_on_change" not in block.body and not ignored & {"all", "user_data"}:
            what = f"a change of {block.address}'s start script stops and starts it, and does not run the script"
            remedy = "say user_data_replace_on_change, or lifecycle { ignore_changes = [user_data] }"
            yield Remark(rule="script-not-run-again", where=block.place, what=what, remedy=remedy)


def _holding(root: Root) -> Iterator[Block]:
    return (
        block
        for block in root.everything
        if block.kind == "resource" and block.labels and kind_holds_data(block.labels[0])
    )


def _moves(block: Block) -> bool:
    if block.labels[:1] == ("aws_ssm_parameter",):
        return "latest" in str(block.body.get("name", ""))
    return block.body.get("most_recent") is True


def _lifecycle(block: Block, name: str) -> Iterator[Any]:
    return (inner[name] for inner in block.inner("lifecycle") if name in inner)
