"""`make bench`: measures every figure, prints a table and writes `bench/results.json`.

`python bench/run.py process` or `nights` measures only that part.
"""

import sys

import nights
import process
from measuring import Figure, keep, show

PARTS = {"process": process.figures, "nights": nights.figures}


def main(names: list[str]) -> int:
    """Measure the named parts, all by default; return 1 when a promise is not kept."""
    found: list[Figure] = []
    for name in names or PARTS:
        for one in PARTS[name]():
            show(one)
            found.append(one)
    keep(found)
    return 0 if all(one.holds for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
