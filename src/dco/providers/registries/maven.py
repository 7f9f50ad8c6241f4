"""Maven repositories: `maven-metadata.xml` names the versions, a version's own file tells its age."""

from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

from dco.providers.registries.http import Registry
from dco.seams.catalogue import Published


def versions(registry: Registry, name: str) -> tuple[Published, ...]:
    """Return the versions of `GROUP:ARTIFACT`. Raises `Unreadable`."""
    group, _, artifact = name.partition(":")
    reply = registry.get(f"{_place(group, artifact)}/maven-metadata.xml", accept="application/xml, text/xml, */*")
    try:
        root = ET.fromstring(reply.body)  # noqa: S314  # expat refuses entities that grow since 2.4.1
    except ET.ParseError as error:
        raise registry.trouble(f"gave no metadata of {name}: {error}") from None
    said = (root.tag, root.findtext("groupId"), root.findtext("artifactId"))
    found = [element.text.strip() for element in root.iterfind("versioning/versions/version") if element.text]
    if said != ("metadata", group, artifact) or not found:
        raise registry.trouble(f"answered without a version of {name}")
    return tuple(Published(version=version) for version in found)


def published_at(registry: Registry, name: str, version: str) -> str | None:
    """Return when a version was uploaded; None when the repository does not say. Raises `Unreadable`."""
    group, _, artifact = name.partition(":")
    reply = registry.head(f"{_place(group, artifact)}/{version}/{artifact}-{version}.pom")
    try:
        return parsedate_to_datetime(reply.headers.get("last-modified", "")).isoformat()
    except ValueError:
        return None


def _place(group: str, artifact: str) -> str:
    return f"{group.replace('.', '/')}/{artifact}"
