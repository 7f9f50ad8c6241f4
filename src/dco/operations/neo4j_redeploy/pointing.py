"""Clients of a database without a gate follow by its connection string: the parameter is set, services are rolled.

Until their tasks are new, clients read from the server that was left, and what they write there is refused.
"""

from collections.abc import Mapping

from dco.model.environment import Service
from dco.operations.neo4j_redeploy.places import Places
from dco.operations.rollout import await_rollout


def point(places: Places, addresses: Mapping[str, str], token: str) -> None:
    """Let clients of the databases that move by connection string find their server; all others are left out.

    Returns when every service runs new tasks only. With the same token nothing is rolled twice. Raises `StepFailed`
    when a service does not come up.
    """
    named = {name: to for name, to in addresses.items() if places.database(name).by_string}
    if not named:
        return
    for name, address in named.items():
        places.outside.parameters.put(places.database(name).uri_parameter, address)
    for application in places.environment.applications.values():
        begun = [(service, _begin(places, service, token)) for service in application.services.values()]
        for service, revision in begun:
            await_rollout(places.outside, service, revision)


def _begin(places: Places, service: Service, token: str) -> str:
    """Begin to roll a service to a revision that says what the present one says: new tasks read the parameter anew."""
    services = places.outside.services
    key = f"{token}/{service.cluster}/{service.name}"
    ours = services.registered(service.family, key)
    if ours is None:
        present = services.rollout(service.cluster, service.name, service.container).revision
        ours = services.register(present, services.image_of(present, service.container), key)
    services.roll(service.cluster, service.name, ours, singleton=service.singleton)
    return ours
