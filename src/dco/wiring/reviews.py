"""Reviews: the configuration as it stands, by our rules, by checkers on PATH, and by what AWS says of state buckets."""

from pathlib import Path

from dco import settings
from dco.model.environment import Aws, Environment
from dco.model.errors import ConfigurationError, DcoError
from dco.model.remark import Remark, Review
from dco.providers import checkers, checkout
from dco.providers.aws import examination
from dco.providers.aws.session import AwsSession
from dco.review import terraform

_ENABLED = "Enabled"


def review_terraform(directory: Path, *, offline: bool) -> Review:
    """Review every stack of dco.toml, or without one every Terraform root that is found by looking.

    `offline` asks no AWS. Raises `ConfigurationError` where there is nothing to review.
    """
    environment = _environment(directory)
    surveyed = checkout.survey(directory)
    if environment is None:
        roots = {stack: list(surveyed.backends.get(stack, ())) for stack in surveyed.stacks}
        workflows = surveyed.workflows or ".github/workflows"
    else:
        roots = {one.directory: list(one.backend_config) for one in environment.stacks.values()}
        workflows = environment.workflows.directory
    if not roots:
        raise ConfigurationError(f"there is no Terraform root below {directory}", "name one under [stacks] in dco.toml")
    files = checkout.texts(directory)
    remarks = list(terraform.review(roots, files, workflows))
    silent: list[str] = []
    for root in roots:
        said = checkers.check(directory, root)
        remarks += said.remarks
        silent += said.not_looked_at
    for bucket in terraform.state_buckets(roots, files):
        found = (
            "not asked (--offline)"
            if offline
            else _versions(environment.aws if environment else None, directory, bucket)
        )
        if isinstance(found, Remark):
            remarks.append(found)
        elif found:
            silent.append(f"versions of state bucket {bucket}: {found}")
    return Review(remarks=tuple(remarks), not_looked_at=tuple(silent))


def _environment(directory: Path) -> Environment | None:
    return settings.read(directory).needed() if (directory / settings.FILE).exists() else None


def _versions(aws: Aws | None, directory: Path, bucket: str) -> Remark | str:
    """Return what is wrong with a state bucket's versions, or why that can't be told; empty when all is well."""
    if aws is None:
        return "without dco.toml no account is known"
    try:
        status = examination.versioning(AwsSession(aws, directory), bucket)
    except DcoError as error:
        return error.what
    return "" if status == _ENABLED else terraform.without_versions(bucket, status)
