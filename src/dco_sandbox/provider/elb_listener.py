"""Elastic Load Balancing: listeners."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.elb import ElbKind, marked, tags_of
from dco_sandbox.provider.kind import given
from dco_sandbox.provider.schema import NUMBER, TAGS, Block, computed, either, optional, required
from dco_sandbox.provider.wire import Values

REDIRECT = {
    "host": "Host",
    "path": "Path",
    "port": "Port",
    "protocol": "Protocol",
    "query": "Query",
    "status_code": "StatusCode",
}
REDIRECT_BLOCK = Block(
    "redirect",
    (
        required("status_code"),
        optional("host", default="#{host}"),
        optional("path", default="/#{path}"),
        optional("port", default="#{port}"),
        optional("protocol", default="#{protocol}"),
        optional("query", default="#{query}"),
    ),
    most=1,
)

_TLS = frozenset({"HTTPS", "TLS"})


class Listener(ElbKind):
    """A port of a load balancer, and what is done with what comes in."""

    name = "aws_lb_listener"
    attributes = (
        computed("id"),
        computed("arn"),
        required("load_balancer_arn", new=True),
        optional("port", NUMBER),
        either("protocol"),
        either("ssl_policy"),
        optional("certificate_arn"),
        *TAGS,
    )
    blocks = (
        Block(
            "default_action",
            (required("type"), optional("target_group_arn"), optional("order", NUMBER)),
            (REDIRECT_BLOCK,),
            least=1,
        ),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Open the port."""
        made = aws("elbv2").create_listener(LoadBalancerArn=want["load_balancer_arn"], **_asked(want), **marked(want))
        arn = made["Listeners"][0]["ListenerArn"]
        return {"id": arn, "arn": arn}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the listener."""
        found = aws("elbv2").describe_listeners(ListenerArns=[have["id"]])["Listeners"]
        if not found:
            return None
        certificates = found[0].get("Certificates") or []
        return {
            "arn": have["id"],
            "load_balancer_arn": found[0]["LoadBalancerArn"],
            "port": found[0].get("Port"),
            "protocol": found[0].get("Protocol"),
            # moto names one for every listener; AWS only for those that speak TLS
            "ssl_policy": found[0].get("SslPolicy") or "" if found[0].get("Protocol") in _TLS else "",
            "certificate_arn": certificates[0]["CertificateArn"] if certificates else None,
            "default_action": [_read_action(each) for each in found[0]["DefaultActions"]],
            "tags_all": tags_of(aws, have["id"]),
        }

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Change port, protocol or actions."""
        aws("elbv2").modify_listener(ListenerArn=have["id"], **_asked(want))

    def delete(self, aws: Aws, have: Values) -> None:
        """Close the port."""
        aws("elbv2").delete_listener(ListenerArn=have["id"])


def _asked(want: Values) -> dict[str, Any]:
    asked = given(
        Port=None if want["port"] is None else int(want["port"]),
        Protocol=want["protocol"],
        SslPolicy=want["ssl_policy"] or None,
    )
    if want["certificate_arn"]:
        asked["Certificates"] = [{"CertificateArn": want["certificate_arn"]}]
    return {**asked, "DefaultActions": [_action(each) for each in want["default_action"]]}


def _action(asked: Values) -> dict[str, Any]:
    action = given(Type=asked["type"], TargetGroupArn=asked["target_group_arn"])
    if asked["redirect"]:
        way = asked["redirect"][0]
        defaults = {a.name: a.default for a in REDIRECT_BLOCK.attributes}
        action["RedirectConfig"] = {argument: way[name] or defaults[name] for name, argument in REDIRECT.items()}
    return action


def _read_action(found: dict[str, Any]) -> Values:
    way = found.get("RedirectConfig")
    groups = (found.get("ForwardConfig") or {}).get("TargetGroups") or [{}]
    return {
        "type": found["Type"],
        "target_group_arn": found.get("TargetGroupArn") or groups[0].get("TargetGroupArn"),
        "redirect": [{name: way.get(argument) for name, argument in REDIRECT.items()}] if way else [],
    }


KINDS = (Listener,)
