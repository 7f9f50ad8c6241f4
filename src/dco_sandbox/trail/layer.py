"""CloudTrail's LookupEvents, which moto does not have: one attribute, newest first, pages of fifty. API reference."""

import json
from typing import Any

from moto.cloudtrail.exceptions import InvalidParameterCombinationException
from moto.cloudtrail.responses import CloudTrailResponse

from dco_sandbox.runtime import Runtime
from dco_sandbox.trail.record import Event, events

PAGE = 50


class TrailLayer:
    """The event history of a world. It is complete at once; AWS's is up to 15 minutes behind."""

    def install(self, runtime: Runtime) -> None:
        """Add the call."""

        def lookup_events(self: CloudTrailResponse) -> str:
            given: Any = self._get_param  # pyright: ignore[reportPrivateUsage]
            wanted: list[dict[str, str]] = given("LookupAttributes", [])
            if len(wanted) > 1:
                raise InvalidParameterCombinationException("You can specify only one attribute")
            begin, end = float(given("StartTime", 0) or 0), float(given("EndTime", 0) or 0)
            found = [
                event
                for event in events(runtime.world.sandbox)
                if event.at >= int(begin) and (not end or event.at <= end) and all(_fits(event, one) for one in wanted)
            ]
            skipped, size = int(given("NextToken", 0) or 0), min(int(given("MaxResults", PAGE) or PAGE), PAGE)
            answer: dict[str, Any] = {"Events": [_answered(event) for event in found[skipped : skipped + size]]}
            if len(found) > skipped + size:
                answer["NextToken"] = str(skipped + size)
            return json.dumps(answer)

        moto: Any = CloudTrailResponse
        moto.lookup_events = lookup_events

    def tick(self, runtime: Runtime) -> None:
        """Nothing has to be done: what was served is written down as it is served."""


def _fits(event: Event, attribute: dict[str, str]) -> bool:
    values = {
        "EventId": event.id,
        "EventName": event.name,
        "EventSource": event.source,
        "ReadOnly": "false",
        "Username": event.user,
    }
    return values.get(attribute.get("AttributeKey", "")) == attribute.get("AttributeValue")


def _answered(event: Event) -> dict[str, Any]:
    return {
        "EventId": event.id,
        "EventName": event.name,
        "EventSource": event.source,
        "EventTime": event.at,
        "ReadOnly": "false",
        "Username": event.user,
        "CloudTrailEvent": json.dumps(event.told),
    }
