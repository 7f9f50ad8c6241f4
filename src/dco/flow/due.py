"""When nights are due."""

from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from dco.model.environment import Schedule


def next_due(schedule: Schedule, after: str) -> datetime:
    """Return the first time after `after` (ISO 8601 in UTC) at which a night is due."""
    here = datetime.fromisoformat(after).astimezone(ZoneInfo(schedule.time_zone))
    return next(CronSim(schedule.cron, here))


def overdue(schedule: Schedule, began: str, now: str) -> bool:
    """Tell whether a night that began then should have been followed by another one by now."""
    return next_due(schedule, began) <= datetime.fromisoformat(now)
