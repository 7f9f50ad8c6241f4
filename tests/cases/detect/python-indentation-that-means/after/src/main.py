"""Serve."""

LIMIT = 10  # a day


def offer(names):
    if names:
        pass
    return [name for name in names if len(name) < LIMIT]
