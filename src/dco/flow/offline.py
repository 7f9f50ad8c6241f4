"""Looking at the files of two commits alone, in any repository: neither AWS nor Terraform is asked."""

import re

from dco.detect import discovery
from dco.detect.ages import ages
from dco.detect.between import compare, unknown
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError
from dco.model.look import Compared
from dco.seams.source import Source

_HASH = re.compile(r"[0-9a-f]{7,64}")
_ALWAYS = ("what Terraform would change", "which images, task definitions and slots run", "what is new elsewhere")


def look(configured: Environment | None, source: Source, since: str | None, until: str | None, at: str) -> Compared:
    """Compare two commits; without a configuration by what the repository holds.

    A commit that was named by its hash and is not there (a rewritten history, a shallow checkout) leaves everything
    unknown. Raises `ConfigurationError` for other names that git does not know, and for a checkout that is not what
    HEAD says, unless `until` names a commit.
    """
    if since is None:
        raise ConfigurationError(
            "offline there is no release record to compare with: it is in the bucket",
            "name a commit: dco detect --offline --from HEAD~1",
        )
    if until is None and (trouble := source.trouble(None)):
        raise ConfigurationError(
            "the repository can't be compared: " + "; ".join(trouble), "mend it, or compare commits alone: --to HEAD"
        )
    end = source.resolve(until or "HEAD")
    present = configured or discovery.environment(source, end)
    try:
        begin = source.resolve(since)
    except ConfigurationError as error:
        if not _HASH.fullmatch(since):
            raise
        lost = "; ".join((error.what, *source.trouble(since)[:1]))
        found = unknown(present, ConfigurationError(lost, error.remedy), at)
        return Compared(before=since, after=end, changes=found, not_looked_at=_ALWAYS)
    former = configured or discovery.environment(source, begin)
    found = compare(former, present, source, begin, end, at)
    return Compared(
        before=begin,
        after=end,
        changes=found,
        not_looked_at=(*_ALWAYS, *discovery.unseen(source, begin, end)),
        ages=ages(found.changes, source.touched(begin, end)),
    )
