"""Addresses from the configuration of the ordinary clients on this machine: pip's, npm's and Maven's.

Each is asked in its own words, so that its environment, files and defaults count as they do for itself.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

_SECONDS = 20
_PIP_DEFAULT = re.compile(r"--index-url\s+<url>.*?\(default\s+(https?://\S+?)\)", re.DOTALL)
_MODEL = "org/apache/maven/model/pom-4.0.0.xml"


def pip_index() -> str | None:
    """Return the index that pip uses here; None without pip."""
    text = _said([sys.executable, "-m", "pip", "install", "--help"])
    match = _PIP_DEFAULT.search(text)
    return match[1] if match else None


def npm_registry() -> str | None:
    """Return the registry that npm uses here; None without npm."""
    npm = shutil.which("npm")
    text = _said([npm, "config", "get", "registry"]).strip() if npm else ""
    return text if re.fullmatch(r"https?://\S+", text) else None


def maven_repository(home: Path | None = None) -> str | None:
    """Return the mirror of Maven's central repository in a person's settings, else the one Maven comes with."""
    settings = (home or Path.home()) / ".m2" / "settings.xml"
    if settings.is_file() and (mirror := _mirror(settings.read_bytes())):
        return mirror
    maven = shutil.which("mvn")
    if maven is None:
        return None
    jars = sorted((Path(maven).resolve().parents[1] / "lib").glob("maven-model-builder-*.jar"))
    return _central(jars[0]) if jars else None


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _mirror(settings: bytes) -> str | None:
    try:
        root = ET.fromstring(settings)  # noqa: S314  # a person's own file
    except ET.ParseError:
        return None
    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        of = [part.strip() for part in (mirror.findtext("{*}mirrorOf") or "").split(",")]
        if {"central", "*", "external:*"} & set(of) and "!central" not in of:
            return mirror.findtext("{*}url")
    return None


def _central(jar: Path) -> str | None:
    try:
        with zipfile.ZipFile(jar) as archive:
            root = ET.fromstring(archive.read(_MODEL))  # noqa: S314  # it is part of Maven
    except (OSError, KeyError, zipfile.BadZipFile, ET.ParseError):
        return None
    return root.findtext("{*}repositories/{*}repository/{*}url")
