"""What policy and people say to a plan."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from dco.model.approval import Decision, Verdict, Vote
from dco.model.environment import Policy
from dco.model.plan import Plan, Risk


def asks(policy: Policy, plan: Plan) -> bool:
    """Tell whether a plan needs people: its risk reaches what the policy lets start by itself."""
    if policy.automatic_below == "never-ask":
        return False
    return plan.risk.order >= Risk(policy.automatic_below).order


def tally(policy: Policy, plan: Plan, authors: Iterable[str], votes: Iterable[Vote]) -> Decision | None:
    """Return the decision that the votes make, None while more are needed.

    A vote counts when it names this plan's digest, comes from one of the policy's approvers and not from an author.
    One rejection ends it; an identity counts once.
    """
    counted: dict[str, Vote] = {}
    refused: list[str] = []
    authors = set(authors)
    for vote in votes:
        if why := _not_counted(policy, plan, authors, vote, counted):
            refused.append(f"{vote.identity}: {why}")
        elif vote.verdict is Verdict.REJECT:
            return Decision(False, f"rejected by {_name(vote)}: {vote.why}", (vote,), tuple(refused))
        else:
            counted[vote.identity] = vote
    if len(counted) < policy.approvals:
        return None
    names = ", ".join(_name(vote) for vote in counted.values())
    return Decision(True, f"approved by {names}", tuple(counted.values()), tuple(refused))


def uncounted(policy: Policy, plan: Plan, authors: Iterable[str], votes: Iterable[Vote]) -> tuple[str, ...]:
    """Return each vote that does not count, with its reason."""
    counted: dict[str, Vote] = {}
    authors = set(authors)
    found: list[str] = []
    for vote in votes:
        if why := _not_counted(policy, plan, authors, vote, counted):
            found.append(f"{vote.identity}: {why}")
        else:
            counted[vote.identity] = vote
    return tuple(found)


def _not_counted(policy: Policy, plan: Plan, authors: set[str], vote: Vote, counted: dict[str, Vote]) -> str | None:
    if vote.digest != plan.digest:
        return f"the approval is for plan {vote.digest}, this is plan {plan.digest}"
    if vote.verdict is Verdict.APPROVE and _is_author(vote.identity, authors):
        return "nobody approves a change of their own"
    if not any(fnmatchcase(vote.identity, pattern) for pattern in policy.approvers):
        return "not among the policy's approvers"
    if vote.identity in counted:
        return "has approved already"
    return None


def _is_author(identity: str, authors: set[str]) -> bool:
    """An author is an ARN, or a commit's `Name <address>` whose address begins with the identity's user name."""
    user = identity.rpartition("/")[2].lower()
    addresses = {author.rpartition("<")[2].rstrip(">").partition("@")[0].lower() for author in authors if "<" in author}
    return identity in authors or user in addresses


def _name(vote: Vote) -> str:
    return vote.identity.rpartition("/")[2] or vote.identity
