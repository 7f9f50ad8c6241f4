"""dco, Terraform or both die in the middle of an apply: it is finished once, and no lock stays."""

from typing import Literal

import pytest
from tests.crash.ends import difference
from tests.crash.site import Site, kill, until

from dco_sandbox import access

KINDS = ("stack",)
Who = Literal["dco", "both"]


def play(site: Site, who: Who, when: str, number: int) -> None:
    """Play a night that is killed at Terraform's so-and-so-many-th changing call, and compare its end."""
    undisturbed = site.undisturbed(*KINDS)
    before, heard = site.counts(), len(site.inbox.subjects)
    with site.change(*KINDS):
        process = site.start()
        rule = {"kind": "signal", "user_agent": "*erraform*", "mutating": True, "after": number, "count": 1}
        access.control(site.world, "POST", "faults", {**rule, "when": when, "pid": process.pid})
        try:
            code = process.wait(120)
        finally:
            access.control(site.world, "DELETE", "faults")
        assert code == -9, "Terraform did not make that many calls"
        if who == "both":
            for left in site.processes():
                kill(left)
            until(lambda: not site.processes(), 5, "what was killed is gone")
        told = site.go_on((), [code])
        end = site.end(told, before, heard)
        end.left += site.quiet()
    assert end == undisturbed, difference(end, undisturbed)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", ["dco", "both"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(5))
def test_every_changing_call_of_terraform(site: Site, who: Who, when: str, number: int) -> None:
    play(site, who, when, number)
