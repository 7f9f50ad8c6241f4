"""The images that a Dockerfile's target is built upon."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from dco.detect.dockerfile import read
from dco.model.errors import ConfigurationError

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")
_REFERENCE = re.compile(
    r"(?:(?P<host>[\w.-]+(?:\.[\w-]+)+(?::\d+)?|localhost(?::\d+)?)/)?(?P<name>[\w./-]+?)"
    r"(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_HUB = "docker.io"


class BaseImage(msgspec.Struct, frozen=True, order=True):
    """An image by its parts; `repository` begins with the host, as registries are asked."""

    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """The last part of its name: `python` of `docker.io/library/python`."""
        return self.repository.rpartition("/")[2]


def base_images(text: str, path: str, target: str | None) -> tuple[BaseImage, ...]:
    """Return the images that the stages of a target start from, sorted. Raises `ConfigurationError` with the file."""
    recipe = read(text, path, target)
    names = {words[-1].lower() for words in _froms(recipe.steps) if len(words) > 2}  # noqa: PLR2004  # IMAGE AS NAME
    defaults = dict(_defaults(recipe.steps))
    found: set[BaseImage] = set()
    for words in _froms(recipe.steps):
        written = _filled(words[0], defaults, path)
        if written.lower() not in names and written != "scratch":
            found.add(_parse(written, path))
    return tuple(sorted(found))


def _froms(steps: tuple[tuple[str, str], ...]) -> Iterator[list[str]]:
    """Yield the words of each FROM, without its flags."""
    for name, arguments in steps:
        if name == "FROM":
            yield [word for word in arguments.split() if not word.startswith("--")]


def _defaults(steps: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    for name, arguments in steps:
        if name == "FROM":
            return  # only what stands before the first one counts in a FROM
        if name == "ARG" and "=" in arguments:
            key, _, value = arguments.partition("=")
            yield key.strip(), value.strip().strip("\"'")


def _filled(text: str, defaults: Mapping[str, str], path: str) -> str:
    def value(match: re.Match[str]) -> str:
        key, otherwise = match[1] or match[2], match[3]
        if key not in defaults and otherwise is None:
            what = f"{path}: the base image {text} has a variable without a default"
            raise ConfigurationError(what, "give it one by ARG NAME=value before the first FROM")
        return defaults.get(key, otherwise)

    return _VARIABLE.sub(value, text)


def _parse(written: str, path: str) -> BaseImage:
    match = _REFERENCE.fullmatch(written)
    if match is None:
        raise ConfigurationError(f"{path}: {written} names no image", "correct its FROM")
    host, name = match["host"] or _HUB, match["name"]
    if host == _HUB and "/" not in name:
        name = f"library/{name}"
    return BaseImage(f"{host}/{name}", match["tag"] or "", match["digest"] or "")
