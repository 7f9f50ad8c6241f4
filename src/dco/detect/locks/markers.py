"""Where a locked Python package ships: a marker is judged for Linux on every Python that is in use anywhere."""

from collections.abc import Iterable

from packaging.markers import Marker

_MINORS = range(9, 16)


def ships(marker: Marker | None, extras: Iterable[str] = (), groups: Iterable[str] = ()) -> bool:
    """Tell whether a package with a marker may be installed on Linux; without a marker it always is.

    Which Python the image has is not known here, so any that admits it counts: better one package too many looked at.
    """
    if marker is None:
        return True
    chosen: dict[str, str | frozenset[str]] = {"extras": frozenset(extras), "dependency_groups": frozenset(groups)}
    wanted = [*extras, ""]
    return any(
        marker.evaluate({**_linux(minor), **chosen, "extra": extra}, context="lock_file")
        for minor in _MINORS
        for extra in wanted
    )


def _linux(minor: int) -> dict[str, str | frozenset[str]]:
    return {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.99",
        "implementation_version": f"3.{minor}.99",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": "x86_64",
        "platform_release": "",
        "platform_version": "",
        "platform_system": "Linux",
        "sys_platform": "linux",
        "os_name": "posix",
    }
