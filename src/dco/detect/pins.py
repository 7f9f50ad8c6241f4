"""Source `pins`: what files pin against what is published.

Base images of Dockerfiles, actions of workflows, providers, modules and the engine of Terraform stacks. A newer version
is shown and asks for nothing: it comes with a commit. A pin that does not hold (a tag that moved, a comment that names
another commit) asks for a person, and what is pinned to nothing is `unknown`: nobody can tell what was taken.

Access: the addresses under [registries]. Cost: a request for each image (two with a digest), action, provider, module.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from functools import partial

from dco.detect.asking import ask_all
from dco.detect.base_images import BaseImage, base_images
from dco.detect.pinned import PinnedAction, PinnedModule, actions, engines, modules, providers
from dco.detect.selection import select
from dco.detect.telling import unread
from dco.detect.versions import admits, key, newer, same
from dco.model.change import Action, Change, Status
from dco.model.environment import Environment, Stack
from dco.model.errors import DcoError, Unreadable
from dco.model.watching import Pins
from dco.seams.catalogue import Catalogue, Kind, Published
from dco.seams.source import Source

_SOURCE = "pins"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"(v?)(\d+(?:\.\d+)*)(.*)")
_HOST = "registry.terraform.io"
Judge = Callable[[], Change]


def detect(  # it looks into three kinds of files
    environment: Environment, wish: Pins, source: Source, revision: str, catalogue: Catalogue, *, seconds: float,
    at_once: int,
) -> tuple[Change, ...]:  # fmt: skip
    """Look up everything that is pinned. What can't be read or looked up is a change that says so."""
    judges: dict[str, Judge] = {}
    if wish.base_images:
        judges |= _base_images(environment, source, revision, catalogue)
    if wish.actions:
        judges |= _actions(environment, source, revision, catalogue)
    if wish.terraform:
        for name, stack in environment.stacks.items():
            judges |= _stack(name, stack, wish, source, revision, catalogue)
    answers = ask_all(judges, at_once=at_once, seconds=seconds)
    found = [unread(_SOURCE, each, said) if isinstance(said, DcoError) else said for each, said in answers.items()]
    if not found:
        reason = "nothing is pinned here"
        return (Change(source=_SOURCE, component="pins:all", status=Status.UNCHANGED, reason=reason),)
    return tuple(found)


def decide_image(image: BaseImage, tags: tuple[Published, ...], digest: str) -> Change:
    """Judge a base image by the tags of its repository and the digest that its tag has now."""
    component = f"image:{image.repository}"
    current = image.tag or image.digest[:19]
    later = _newer_tags(image.tag, [one.version for one in tags])
    available = later[-1] if later else None
    if not image.digest:
        what = f"it is pinned to no digest, so which {image.tag or 'latest'} was built upon can't be told"
        return unread(_SOURCE, component, Unreadable(what, f"write @{digest} behind its tag"), current)
    if image.tag and digest != image.digest:
        reason = f"{image.tag} names another image now, with the fixes since; pin that one to have it deployed"
        return _changed(component, Action.NONE, image.digest[:19], digest[:19], reason, (digest,))
    if available is not None:
        reason = f"{available} is published; commit a Dockerfile that names it to have it deployed"
        return _changed(component, Action.NONE, current, available, reason, later[-5:])
    return _same(component, current, f"{current} is the newest of its kind")


def decide_action(pin: PinnedAction, tags: tuple[Published, ...]) -> Change:
    """Judge an action by the tags of its repository."""
    component = f"action:{pin.repository}"
    if not _COMMIT.fullmatch(pin.ref):
        return _loose_action(pin, tags)
    named = [tag for tag in tags if tag.commit == pin.ref]
    if pin.said:
        meant = next((tag for tag in tags if tag.version == pin.said), None)
        if meant is None or meant.commit != pin.ref:
            what = meant.commit[:12] if meant else "no commit at all"
            reason = f"the comment says {pin.said}, which is {what}, not the pinned {pin.ref[:12]}: look who wrote that"
            return _changed(component, Action.APPROVE, pin.ref[:12], meant and meant.commit[:12], reason, (pin.where,))
        named = [meant]
    exact = [tag.version for tag in named if key(Kind.GITHUB, tag.version) is not None]
    if not exact:
        lost = Unreadable(f"no version of {pin.repository} is the pinned commit {pin.ref[:12]}", "see where it is from")
        return unread(_SOURCE, component, lost, pin.ref[:12])
    return _judge(component, Kind.GITHUB, exact[0], tags, pin.where)


def decide_provider(component: str, version: str, published: tuple[Published, ...], where: str) -> Change:
    """Judge a locked provider by the versions of its registry."""
    return _judge(component, Kind.TERRAFORM_PROVIDER, version, published, where)


def decide_constraint(component: str, constraint: str, published: tuple[Published, ...], where: str) -> Change:
    """Judge a version constraint by whether it admits the newest version."""
    releases = newer(Kind.GITHUB, "0.0.0", [one.version for one in published])
    if not releases:
        return unread(_SOURCE, component, Unreadable("no release is published"), constraint)
    newest = releases[-1].removeprefix("v")
    verdict = admits(constraint, newest)
    if verdict is None:
        strange = Unreadable(f"the constraint {constraint!r} is not understood here")
        return unread(_SOURCE, component, strange, constraint)
    if verdict:
        return _same(component, constraint, f"{constraint} admits the newest, {newest}")
    reason = f"{newest} is published, and {constraint} does not admit it"
    return _changed(component, Action.NONE, constraint, newest, reason, (where,))


def _loose_action(pin: PinnedAction, tags: tuple[Published, ...]) -> Change:
    """A tag or branch can be moved by whoever owns the repository: what ran yesterday may be other code today."""
    component = f"action:{pin.repository}"
    here = next((tag for tag in tags if tag.version == pin.ref), None)
    if here is None:
        branch = Unreadable(f"{pin.ref} is no tag: which commit runs can't be told", "pin a commit, with its version")
        return unread(_SOURCE, component, branch, pin.ref)
    later = _newer_tags(pin.ref, [tag.version for tag in tags])
    reason = f"it is pinned to a tag, which can be moved; pin {here.commit} with the comment # {pin.ref}"
    if later:
        reason = f"{later[-1]} is published; {reason}"
    return _changed(component, Action.NONE, pin.ref, later[-1] if later else here.commit[:12], reason, (pin.where,))


def _newer_tags(tag: str, tags: list[str]) -> tuple[str, ...]:
    """Return the tags of the same shape (`3.11-slim`: as many numbers, same rest) with higher numbers, in order."""
    mine = _TAG.fullmatch(tag)
    if mine is None:
        return ()
    shape = (mine[1], mine[2].count("."), mine[3])
    numbers = _numbers(mine[2])
    found = [match for each in tags if (match := _TAG.fullmatch(each)) is not None]
    alike = [match for match in found if (match[1], match[2].count("."), match[3]) == shape]
    return tuple(m[0] for m in sorted(alike, key=lambda m: _numbers(m[2])) if _numbers(m[2]) > numbers)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _judge(component: str, kind: Kind, version: str, published: tuple[Published, ...], where: str) -> Change:
    versions = [one.version for one in published]
    if not any(same(kind, version, one) for one in versions):
        lost = Unreadable(f"the registry does not list the pinned version {version}", "see why it is not there")
        return unread(_SOURCE, component, lost, version)
    later = newer(kind, version, versions)
    if later:
        reason = f"{later[-1]} is published; commit what names it to have it deployed"
        return _changed(component, Action.NONE, version, later[-1], reason, (where,))
    return _same(component, version, f"{version} is the newest")


def _base_images(
    environment: Environment, source: Source, revision: str, catalogue: Catalogue
) -> Iterator[tuple[str, Judge]]:
    for name, application in environment.applications.items():
        component = f"image:base of {name}"
        try:
            text = source.read(revision, application.dockerfile).decode(errors="replace")
            images = base_images(text, application.dockerfile, application.target)
        except DcoError as error:
            yield component, partial(unread, _SOURCE, component, error)
            continue
        for image in images:
            yield f"image:{image.repository} {image.tag}", partial(_ask_image, image, catalogue)


def _ask_image(image: BaseImage, catalogue: Catalogue) -> Change:
    tags = catalogue.versions(Kind.CONTAINER, image.repository)
    pinned_alone = bool(image.digest) and not image.tag
    digest = image.digest if pinned_alone else catalogue.digest(image.repository, image.tag or "latest")
    return decide_image(image, tags, digest)


def _actions(
    environment: Environment, source: Source, revision: str, catalogue: Catalogue
) -> Iterator[tuple[str, Judge]]:
    directory = environment.workflows.directory.rstrip("/") + "/"
    paths = [file.path for file in source.files(revision) if file.path.startswith(directory)]
    texts = source.read_many(revision, [path for path in paths if path.endswith((".yml", ".yaml"))])
    for path, content in texts.items():
        for pin in actions(content.decode(errors="replace"), path):
            yield f"action:{pin.repository}@{pin.ref}", partial(_ask_action, pin, catalogue)


def _ask_action(pin: PinnedAction, catalogue: Catalogue) -> Change:
    return decide_action(pin, catalogue.versions(Kind.GITHUB, pin.repository))


def _stack(
    name: str, stack: Stack, wish: Pins, source: Source, revision: str, catalogue: Catalogue
) -> Iterator[tuple[str, Judge]]:
    component = f"provider:all of {name}"
    try:
        selected = select(stack, source, revision)
    except DcoError as error:
        yield component, partial(unread, _SOURCE, component, error)
        return
    if not selected.lock:
        what = "it has no .terraform.lock.hcl: which providers run is chosen anew by every init"
        yield component, partial(unread, _SOURCE, component, Unreadable(what, "commit it"))
    for path, content in source.read_many(revision, [file.path for file in selected.lock]).items():
        for address, version in providers(content.decode(errors="replace")):
            yield f"provider:{address}", partial(_ask_provider, address, version, catalogue, path)
    root = posixpath.normpath(stack.directory)
    paths = [file.path for files in selected.modules.values() for file in files if file.path.endswith(".tf")]
    for path, content in source.read_many(revision, paths).items():
        text = content.decode(errors="replace")
        place = posixpath.normpath(f"{name}/{posixpath.relpath(posixpath.dirname(path) or '.', root)}")
        for module in modules(text):
            found = f"module:{place}/{module.name}"
            yield found, partial(_ask_module, found, module, catalogue, path)
        for constraint in engines(text):
            found = f"engine:{place}"
            yield found, partial(_ask_engine, found, constraint, wish, catalogue, path)


def _ask_provider(address: str, version: str, catalogue: Catalogue, where: str) -> Change:
    host, _, name = address.partition("/")
    if host != _HOST:
        raise Unreadable(f"providers of {host} are not looked up here")
    published = catalogue.versions(Kind.TERRAFORM_PROVIDER, name)
    return decide_provider(f"provider:{name}", version, published, where)


def _ask_module(component: str, module: PinnedModule, catalogue: Catalogue, where: str) -> Change:
    if module.address is None:
        raise Unreadable(f"it comes from {module.source.partition('?')[0]}, which is no registry", "look there by hand")
    published = catalogue.versions(Kind.TERRAFORM_MODULE, module.address)
    if not module.constraint:
        raise Unreadable("it names no version: every init may take another one", "name one: version = …")
    return decide_constraint(component, module.constraint, published, where)


def _ask_engine(component: str, constraint: str, wish: Pins, catalogue: Catalogue, where: str) -> Change:
    return decide_constraint(component, constraint, catalogue.versions(Kind.GITHUB, wish.engine), where)


def _same(component: str, current: str, reason: str) -> Change:
    return Change(source=_SOURCE, component=component, status=Status.UNCHANGED, reason=reason, current=current)


def _changed(  # a change has that many parts
    component: str, action: Action, current: str, available: str | None, reason: str, evidence: tuple[str, ...]
) -> Change:
    return Change(
        source=_SOURCE, component=component, status=Status.CHANGED, action=action, reason=reason, current=current,
        available=available, evidence=evidence,
    )  # fmt: skip
