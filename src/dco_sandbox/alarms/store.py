"""What was measured, in moto's CloudWatch: put there minute by minute, read for alarms, forgotten after a while."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from moto.cloudwatch.models import (
    CloudWatchBackend,
    MetricAggregatedDatum,
    MetricDatum,
    MetricDatumBase,
    cloudwatch_backends,
)

from dco_sandbox.alarms.measure import NAMES, Minute
from dco_sandbox.alarms.statistics import Sample, sample_of
from dco_sandbox.world import World

NAMESPACE = "AWS/ApplicationELB"
KEPT_MINUTES = 200
"""For how many of the world's minutes what was measured is kept; alarms may look back so far."""


class MeasuredDatum(MetricAggregatedDatum):
    """A minute of one metric: statistics, and each value with how often it came, for percentiles."""

    def __new__(cls, *_given: Any, **_named: Any) -> Self:
        """Make one that moto does not remember for ever, as it does every model that was ever made."""
        return object.__new__(cls)

    def __init__(self, name: str, dimensions: list[dict[str, str]], unit: str, sample: Sample) -> None:
        super().__init__(
            NAMESPACE,
            name,
            sample.least,
            sample.most,
            sample.count,
            sample.total,
            dimensions,
            _naive(sample.at),
            unit,
        )
        self.counts = dict(sample.counts or {})


def backend(world: World) -> CloudWatchBackend:
    """Return moto's CloudWatch of a world."""
    return cloudwatch_backends[world.account][world.region]


def put(moto: CloudWatchBackend, minute: Minute, at: float, seconds: float) -> None:
    """Add what was measured in the minute that began at `at`, and forget what is too old; a minute has `seconds`."""
    oldest = _naive(at - KEPT_MINUTES * seconds)
    moto.metric_data = [
        datum for datum in moto.metric_data if not isinstance(datum, MeasuredDatum) or datum.timestamp >= oldest
    ]
    for (metric, place), tally in minute.items():
        dimensions = [{"Name": name, "Value": value} for name, value in zip(NAMES, place, strict=False)]
        moto.metric_data.append(MeasuredDatum(metric, dimensions, tally.unit, sample_of(at, tally.counts)))


def select(
    moto: CloudWatchBackend, namespace: str, metric: str, dimensions: Iterable[tuple[str, str]], unit: str | None = None
) -> list[MetricDatumBase]:
    """Return the data of exactly one metric: as on AWS, other dimensions make another metric."""
    wanted = sorted(dimensions)
    return [
        datum
        for datum in moto.metric_data
        if datum.name == metric
        and datum.namespace == namespace
        and sorted((str(item.name), str(item.value)) for item in datum.dimensions) == wanted
        and (unit is None or datum.unit == unit)
    ]


def samples(data: Sequence[MetricDatumBase]) -> list[Sample]:
    """Return data as samples, whoever put them."""
    return [_sample(datum) for datum in data]


def _sample(datum: Any) -> Sample:
    at = datum.timestamp.replace(tzinfo=datum.timestamp.tzinfo or UTC).timestamp()
    if isinstance(datum, MetricDatum):
        return sample_of(at, {float(datum.value): 1})
    counts = datum.counts if isinstance(datum, MeasuredDatum) else None
    return Sample(at, datum.sample_count, datum.sum, datum.min, datum.max, counts)


def _naive(seconds: float) -> datetime:
    """Return a time as moto compares it."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
