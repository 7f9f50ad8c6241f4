"""How a database's stream stands, as a sentence: what is at risk, who follows, and whether anybody still says so."""

from datetime import datetime

from dco.model.backup import StreamState

SILENT_SECONDS = 60.0
"""A stream says how it stands twice a minute at least."""


def sentence(state: StreamState | None, now: str) -> str:
    """Tell a stream's state; it begins with NG when a person should look."""
    if state is None:
        return "NG: no stream has ever run for it, nothing of it is kept; start dco-stream (terraform/stream)"
    silent = max(0.0, _seconds(state.at, now))
    if silent > SILENT_SECONDS:
        return (
            f"NG: nobody has said anything for {_long(silent)} ({state.by} did at {state.at}); what was written since "
            f"{_until(state) or 'then'} may be on the database's host alone; look at the stream's instance"
        )
    if state.troubles:
        return "NG: " + "; ".join(f"{worker}: {said}" for worker, said in sorted(state.troubles.items()))
    return ", ".join([_risk(state), _copy(state), *_following(state)]) + f" (said {silent:.0f} s ago)"


def _risk(state: StreamState) -> str:
    risks = [part.kept.risk_seconds for part in state.parts.values() if part.kept]
    if not risks or len(risks) < len(state.parts):
        return "nothing is kept yet"
    return f"the last {max(risks):.1f} s at risk"


def _copy(state: StreamState) -> str:
    if state.copying:
        return f"a copy is under way ({state.copying})"
    return f"newest copy {state.base}" if state.base else "no copy yet"


def _following(state: StreamState) -> list[str]:
    if not state.follower:
        return []
    behind = [part.followed for part in state.parts.values() if part.followed]
    if len(behind) < len(state.parts):
        return [f"{state.follower} is to follow"]
    most = max(behind, key=lambda one: one.behind_seconds)
    return [f"{state.follower} follows, {most.behind} transactions and {most.behind_seconds:.1f} s behind"]


def _until(state: StreamState) -> str:
    return min((part.kept.until for part in state.parts.values() if part.kept), default="")


def _seconds(before: str, now: str) -> float:
    return (datetime.fromisoformat(now) - datetime.fromisoformat(before)).total_seconds()


def _long(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"  # noqa: PLR2004  minutes say more then
