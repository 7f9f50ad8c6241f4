"""Serve."""

LIMIT = 10  # a day


def offer(names):
    return [name for name in names if len(name) < LIMIT]
