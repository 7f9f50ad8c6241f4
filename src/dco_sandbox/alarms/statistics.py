"""Statistics of samples, as the Amazon CloudWatch User Guide's "CloudWatch statistics definitions" has them. Pure."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")


@dataclass(frozen=True)
class Sample:
    """Values that were measured at one time (seconds since the epoch); `counts` says how often each came.

    A sample that someone sent as statistics alone has no `counts`, and so no percentile.
    """

    at: float
    count: float
    total: float
    least: float
    most: float
    counts: Mapping[float, int] | None = None


def sample_of(at: float, counts: Mapping[float, int]) -> Sample:
    """Return a sample of values, of which there must be at least one."""
    total = sum(value * count for value, count in counts.items())
    return Sample(at, sum(counts.values()), total, min(counts), max(counts), dict(counts))


def value_of(statistic: str, samples: Sequence[Sample]) -> float | None:
    """Return `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount` or a percentile (`p95`); None when there is none."""
    samples = [sample for sample in samples if sample.count > 0]
    if not samples:
        return None
    count, total = sum(sample.count for sample in samples), sum(sample.total for sample in samples)
    plain = {
        "Sum": total,
        "SampleCount": count,
        "Average": total / count,
        "Minimum": min(sample.least for sample in samples),
        "Maximum": max(sample.most for sample in samples),
    }
    return plain[statistic] if statistic in plain else _percentile(statistic, samples)


def is_percentile(statistic: str) -> bool:
    """Say whether an extended statistic is one that can be computed here."""
    return _PERCENTILE.fullmatch(statistic) is not None


def _percentile(statistic: str, samples: Sequence[Sample]) -> float | None:
    """Return the smallest value that so many hundredths of the values don't exceed (nearest rank)."""
    found = _PERCENTILE.fullmatch(statistic)
    if found is None or any(sample.counts is None for sample in samples):
        return None
    counts: dict[float, int] = {}
    for sample in samples:
        for value, count in (sample.counts or {}).items():
            counts[value] = counts.get(value, 0) + count
    rank = max(1, math.ceil(float(found[1]) / 100 * sum(counts.values()) - 1e-9))
    for value in sorted(counts):
        rank -= counts[value]
        if rank <= 0:
            return value
    return max(counts)
