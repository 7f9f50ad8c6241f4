"""Giving databases the plugin, told as a story: look, tell what there is to tell, give it to each, watch."""

import msgspec

from dco.flow import ending
from dco.flow.patience import patient
from dco.flow.redeploying import check_calm, without_alarms
from dco.flow.tonight import Tonight
from dco.flow.updating import update
from dco.model.environment import Environment
from dco.model.errors import ConfigurationError, DcoError, Refused
from dco.model.offering import OfferingEnd
from dco.model.outcome import Report
from dco.model.plan import Plan
from dco.operations.neo4j_redeploy.guardrails import alone
from dco.operations.plugin_install.operation import Found, PluginInstall
from dco.plan.adopting import install, pause
from dco.plan.explain import explain
from dco.record import releases

MARK = "-plugin"
"""What the id of an installation ends with."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Which databases get it; whether by a restart, and whether somebody agreed to the pause."""

    environment: Environment
    began: str
    databases: tuple[str, ...]
    restart: bool
    agreed: bool


def tell(tonight: Tonight, request: Request) -> Report:
    """Give databases the plugin; whatever happens is in the report, and a server without it serves as before."""
    tonight = patient(tonight)
    try:
        plan = _plan(tonight, request)
        updated = update(without_alarms(tonight), plan)
        nothing = OfferingEnd(well=True, sentence="no offering: databases get the plugin")
        why = "a person agreed to the pause" if request.restart else "a person asked for it"
        return ending.closed(tonight, request.began, nothing, plan, updated, why)
    except DcoError as error:
        return ending.failed(tonight, request.began, error)


def _plan(tonight: Tonight, request: Request) -> Plan:
    """Look and compile. Raises `Refused` where nothing is to be done, or nobody agreed to the pause."""
    found = tonight.steps.run("look at the machines", dict[str, Found], lambda: _look(tonight, request.databases))
    missing = {name: one.seconds for name, one in found.items() if not one.there}
    if not missing:
        raise Refused(f"{' and '.join(found)} has the plugin, and it answers to the key", "`dco doctor` tells the rest")
    if request.restart and not request.agreed:
        raise Refused("; ".join(pause(name, seconds) for name, seconds in missing.items()), "say --yes to agree")
    hindered = {} if request.restart else {name: found[name].hindrance for name in missing if found[name].hindrance}
    if hindered:
        told = "; ".join(f"{name} can't have it while it serves: {why}" for name, why in hindered.items())
        raise Refused(told, f"`dco plugin install {' '.join(hindered)} --restart` tells the pause of a restart")
    plan = tonight.steps.run("plan", Plan, lambda: _compile(tonight, missing, restart=request.restart))
    tonight.say("planned", f"plan {plan.digest} of {len(plan.steps)} steps, risk {plan.risk}", {"lines": explain(plan)})
    tonight.steps.run("see that nothing runs", bool, lambda: check_calm(tonight, plan))
    tonight.keep(plan)
    return plan


def _look(tonight: Tonight, databases: tuple[str, ...]) -> dict[str, Found]:
    other = alone(tonight.outside)
    if other.remedy:
        raise Refused(f"a redeploy is not over: {other.detail}", other.remedy)
    looking = PluginInstall(tonight.environment, tonight.outside)
    return {name: looking.find(name) for name in databases}


def _compile(tonight: Tonight, missing: dict[str, float | None], *, restart: bool) -> Plan:
    released = releases.read(tonight.outside.objects)
    if released is None:
        raise ConfigurationError("nothing was ever released: there is nothing to go back to", "run `dco adopt` once")
    return install(tonight.environment.name, released, missing, restart=restart)
