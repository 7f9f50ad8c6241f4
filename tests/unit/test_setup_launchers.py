"""`bin/neo4j` and `bin/neo4j-admin`, with a Java that only repeats what it was told."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "setup" / "neo4j" / "bin"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "a cache" / "neo4j" / "1.0"
    shutil.copytree(SOURCE, home / "bin")
    options = (SOURCE / "java-options").read_text()
    (home / "bin" / "java-options").write_text(options.replace("@version@", "1.0").replace("@main@", "a.Main"))
    (home / "lib").mkdir()
    for name in ("b.jar", "a.jar"):
        (home / "lib" / name).touch()
    java = tmp_path / "a cache" / "bin" / "java"
    java.parent.mkdir()
    java.write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
    java.chmod(0o755)
    return home


def run(home: Path, tool: str, *arguments: str, server: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "NEO4J_HOME": str(server)}
    return subprocess.run(
        [home / "bin" / tool, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def configure(server: Path, text: str) -> None:
    (server / "conf").mkdir(parents=True)
    (server / "conf" / "neo4j.conf").write_text(text)


def test_console_gives_java_what_the_configuration_asks_for(home: Path, tmp_path: Path) -> None:
    server = tmp_path / "server"
    configure(
        server,
        "server.memory.heap.initial_size=64m\n"
        "server.memory.heap.max_size=128m\n"
        "#server.jvm.additional=-Dcommented=out\n"
        "server.jvm.additional=-XX:+UseSerialGC\n"
        "server.jvm.additional = -Dtwo=words here\n"
        "server.memory.heap.max_size=256m\n",
    )
    (server / "plugins").mkdir()
    (server / "plugins" / "own.jar").touch()
    words = run(home, "neo4j", "console", server=server).stdout.splitlines()
    assert [word for word in words if word.startswith("-Xm")] == ["-Xms64m", "-Xmx256m"]
    assert "-XX:+UseSerialGC" in words
    assert "-Dtwo=words here" in words
    assert "-Dcommented=out" not in words
    assert words[words.index("-cp") + 1] == f"{home}/lib/a.jar:{home}/lib/b.jar:{server}/plugins/own.jar"
    assert words[-4:] == ["a.Main", f"--home-dir={server}", f"--config-dir={server}/conf", "--console-mode"]


def test_the_class_archive_is_used_when_there_is_one(home: Path, tmp_path: Path) -> None:
    configure(tmp_path / "server", "")
    assert "AOTCache=" not in run(home, "neo4j", "console", server=tmp_path / "server").stdout
    (home / "classes.aot").touch()
    words = run(home, "neo4j", "console", server=tmp_path / "server").stdout.splitlines()
    assert f"-XX:AOTCache={home}/classes.aot" in words


def test_a_link_to_the_command_finds_its_own_jars(home: Path, tmp_path: Path) -> None:
    link = tmp_path / "neo4j"
    link.symlink_to(home / "bin" / "neo4j")
    assert subprocess.check_output([link, "--version"], text=True) == "1.0\n"


def test_anything_but_console_is_refused(home: Path, tmp_path: Path) -> None:
    ended = run(home, "neo4j", "start", server=tmp_path / "server")
    assert (ended.returncode, ended.stdout) == (64, "")
    assert "usage: neo4j console" in ended.stderr


def test_a_missing_configuration_is_said(home: Path, tmp_path: Path) -> None:
    ended = run(home, "neo4j", "console", server=tmp_path / "nowhere")
    assert ended.returncode == 2
    assert f"no neo4j.conf in {tmp_path}/nowhere/conf" in ended.stderr


def test_admin_hands_its_arguments_on_whole(home: Path, tmp_path: Path) -> None:
    words = run(home, "neo4j-admin", "dbms", "set-initial-password", "two words", server=tmp_path / "server").stdout
    assert words.splitlines()[-4:] == ["org.neo4j.cli.AdminTool", "dbms", "set-initial-password", "two words"]
