"""`make bench`: measures every figure, prints a table and writes `bench/results.json`.

`python bench/run.py process` (or another of the parts below) measures only that part.
"""

import sys

import compare
import detection
import gate
import nights
import process
import review
import stream
import switch
from measuring import Figure, keep, show

PARTS = {
    "process": process.figures,
    "detection": detection.figures,
    "review": review.figures,
    "nights": nights.figures,
    "stream": stream.figures,
    "switch": switch.figures,
    "compare": compare.figures,
    "gate": gate.figures,
}


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
