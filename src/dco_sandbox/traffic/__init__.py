"""Traffic for the sample system: reads and writes at a rate, and a proof of what became of the writes.

| file | owns |
|---|---|
| `choice` | which request comes next |
| `load` | sending requests on time, and what came of each |
| `journal` | every write sent and acknowledged, on disk as it goes |
| `report` | outcomes as figures |
| `proof` | journal against ledger: each acknowledged write exactly once |
"""

from dco_sandbox.traffic.load import run
from dco_sandbox.traffic.proof import Proof, prove
from dco_sandbox.traffic.report import Report

__all__ = ["Proof", "Report", "prove", "run"]
