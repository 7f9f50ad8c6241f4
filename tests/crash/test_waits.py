"""A night that waits for approval: killed while it waits, approved while it is dead, and rivals of a night."""

import resource
import signal
from collections.abc import Callable

import pytest
from tests.crash.ends import End
from tests.crash.site import Site, Told, until

KINDS = ("good",)
WAITING = ("step: lay out#1 after", "step: tell approvers#1 after", "step: await word#1 before")

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def played(site: Site, policy: str, tell: Callable[[], Told]) -> End:
    before, heard = site.counts(), len(site.inbox.subjects)
    with site.change(*KINDS, policy=policy):
        told = tell()
        end = site.end(told, before, heard)
        end.left += site.quiet()
    return end


def test_killed_while_it_waits_and_approved_while_it_is_dead(site: Site) -> None:
    approvals: list[str] = []

    def approve() -> None:
        if not approvals:
            done = site.dco("approve", profile="alice")
            approvals.extend([done.stdout] if done.returncode == 0 else [])

    end = played(site, "medium", lambda: site.night(WAITING, when_killed=approve))
    assert len(approvals) == 1
    assert (end.code, end.serves, end.left) == (0, "the new", [])
    assert (end.effects["offerings"], end.effects["deployments"]) == (1, 1)
    assert sum(kind == "approval" and "approved by alice" in sentence for kind, sentence in end.story) == 1


def test_a_paused_night_keeps_its_place_and_goes_on(site: Site) -> None:
    def tell() -> Told:
        site.night_files()
        first = site.start()
        until(lambda: "step: start image.build api#1 before" in site.passed(), 120, "the night builds")
        first.send_signal(signal.SIGSTOP)
        rival = site.dco("run")
        assert rival.returncode == 4, rival.stdout + rival.stderr
        assert "runs already" in rival.stderr
        first.send_signal(signal.SIGCONT)
        return Told([first.wait(240)], "", site.passed(), [])

    end = played(site, "never-ask", tell)
    assert (end.code, end.serves, end.left) == (0, "the new", [])
    assert (end.effects["offerings"], end.effects["deployments"]) == (1, 1)


def test_two_started_at_once_are_one_night(site: Site) -> None:
    def tell() -> Told:
        site.night_files()
        both = [site.start(), site.start()]
        codes = sorted(process.wait(240) for process in both)
        assert codes in ([0, 0], [0, 4])
        return Told([codes[0]], "", site.passed(), [])

    end = played(site, "never-ask", tell)
    assert (end.code, end.serves, end.left) == (0, "the new", [])
    assert (end.effects["offerings"], end.effects["deployments"]) == (1, 1)


def test_a_full_disk_stops_the_night_which_goes_on_with_space(site: Site) -> None:
    size = max(file.stat().st_size for file in site.own.glob("engine.sqlite*"))

    def no_more() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def tell() -> Told:
        site.night_files()
        assert site.start(limits=no_more).wait(240) == 6
        return site.go_on((), [])

    end = played(site, "never-ask", tell)
    assert (end.code, end.serves, end.left) == (0, "the new", [])
    assert (end.effects["offerings"], end.effects["deployments"]) == (1, 1)
