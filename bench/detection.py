"""Figures of detection from files alone: how long, how much memory, and whether a long history makes it slower."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import Figure, figure
from process import BIN

FILES, COMMITS, TERRAFORM = 300, 1500, 25
RUNS = 9
_WEIGH = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
_MODULE = """resource "aws_ecs_service" "s{number}" {{
  name          = "s{number}" # the service
  desired_count = {value}
  tags          = {{ team = "money", number = "{number}" }}
}}

variable "size{number}" {{
  default = "t3.small"
}}

resource "aws_instance" "neo4j{number}" {{
  ami           = "ami-1"
  instance_type = var.size{number}
  user_data     = <<-EOT
    #!/bin/sh
    echo {number}
  EOT
}}
"""


def figures() -> Iterator[Figure]:
    """Build two histories, one ten times as long, and look at the last ten commits of each."""
    with tempfile.TemporaryDirectory(prefix="dco-bench-") as place:
        short, long = Path(place) / "short", Path(place) / "long"
        _history(short, COMMITS)
        _history(long, COMMITS * 10)
        cold = [_cold(short) for _ in range(5)]
        yield figure("internal_detection_warm_seconds", "s", [_look(short) for _ in range(RUNS + 1)][1:], "≤ 1.0")
        yield figure("internal_detection_memory_mb", "MB", [_megabytes(short) for _ in range(3)], "≤ 120")
        yield figure("internal_detection_cold_seconds", "s", cold, "≤ 4")
        pairs = [(_look(long), _look(short)) for _ in range(RUNS)]
        yield figure("internal_detection_history_growth", "", [one / other for one, other in pairs], "≤ 1.2")


def _command(repository: Path) -> list[str]:
    options = ["detect", "--offline", "--from", "HEAD~10", "--to", "HEAD", "--json"]
    return [str(BIN / "dco"), "-C", str(repository), *options]


def _look(repository: Path) -> float:
    """Return the seconds of `dco detect --offline`, from the shell's prompt to the shell's prompt."""
    began = time.monotonic()
    answer = subprocess.run(_command(repository), check=True, capture_output=True).stdout
    seconds = time.monotonic() - began
    kinds = {change["source"] for change in json.loads(answer)["changes"] if change["status"] == "changed"}
    if kinds != {"application", "stack", "workflow", "libraries"}:
        raise RuntimeError(f"it found {sorted(kinds)}")
    return seconds


def _megabytes(repository: Path) -> float:
    """Return the most memory that it, or a git below it, had at once.

    A small process starts it: what is started counts the memory of who starts it as its own.
    """
    command = [sys.executable, "-S", "-c", _WEIGH, *_command(repository)]
    most = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def _cold(repository: Path) -> float:
    """Return the seconds when neither the system nor Python has anything of it in memory or compiled.

    Dropping the system's cache needs root; without it only Python's own files are compiled anew.
    """
    os.sync()
    drop = Path("/proc/sys/vm/drop_caches")
    if os.access(drop, os.W_OK):
        try:
            drop.write_text("3")
        except OSError:
            print("the system's cache could not be dropped: only Python's is cold", file=sys.stderr)
    with tempfile.TemporaryDirectory() as compiled:
        os.environ["PYTHONPYCACHEPREFIX"] = compiled
        try:
            return _look(repository)
        finally:
            del os.environ["PYTHONPYCACHEPREFIX"]


def _history(place: Path, commits: int) -> None:
    """Write a repository of 300 files, 25 of them Terraform, by one stream into git: every commit changes one file."""
    texts = _files()
    changing = [path for path in texts if path.startswith(("src/", "infra/", "docs/"))]
    stream: list[str] = []
    for number in range(commits):
        stream.append(f"commit refs/heads/main\nmark :{number + 1}\n")
        stream.append(f"committer A <a@example.com> {1_700_000_000 + number * 60} +0000\n")
        stream.append(f"data 1\nx\n{f'from :{number}' if number else 'deleteall'}\n")
        changed = texts if number == 0 else _changed(texts, changing[number % len(changing)], number, commits)
        for path, text in changed.items():
            size = len(text.encode())
            stream.append(f"M 100644 inline {path}\ndata {size}\n{text}\n")
    subprocess.run(["git", "init", "-q", "-b", "main", place], check=True)
    importing = ["git", "-C", place, "fast-import", "--quiet"]
    subprocess.run(importing, check=True, input="".join(stream).encode())


def _changed(texts: dict[str, str], path: str, number: int, commits: int) -> dict[str, str]:
    """Return what a commit changes; the last one changes something of every kind."""
    if number < commits - 1:
        return {path: texts[path] + f"{'//' if path.endswith('.ts') else '#'} {number}\n"}
    lock = texts["package-lock.json"].replace("1.0.7", "1.0.8")
    workflow = texts[".github/workflows/deploy.yml"] + "      - run: terraform apply\n"
    return {
        "src/part1.ts": texts["src/part1.ts"].replace("+ 1", "+ 2"),
        "infra/part1.tf": _MODULE.format(number=1, value=9),
        "package-lock.json": lock,
        ".github/workflows/deploy.yml": workflow,
    }


def _files() -> dict[str, str]:
    """Return the first commit's files: TypeScript, Python, Terraform, workflows, a lock, documents."""
    packages = {
        f"node_modules/p{n}": {"version": f"1.0.{n}", "integrity": f"sha512-{n}", "dev": n % 3 == 0} for n in range(300)
    }
    texts = {
        "Dockerfile": "FROM node:22-slim\nCOPY package.json package-lock.json ./\nCOPY src ./src\nRUN npm ci\n",
        "package.json": '{"name": "shop", "dependencies": {"p1": "^1"}}\n',
        "package-lock.json": json.dumps({"lockfileVersion": 3, "packages": packages}, indent=1),
        ".github/workflows/deploy.yml": "on: push\njobs:\n  d:\n    runs-on: x\n    steps:\n      - run: dco run\n",
        "infra/backend.tf": 'terraform {\n  backend "s3" {}\n}\n',
    }
    texts |= {f"infra/part{n}.tf": _MODULE.format(number=n, value=n) for n in range(TERRAFORM - 1)}
    texts |= {
        f"src/part{n}.ts": "\n".join(
            f"/** Adds. @param a what */\nexport function add{n}x{m}(a: number): number {{ return a + 1; }}"
            for m in range(40)
        ) + "\n"
        for n in range(150)
    }  # fmt: skip
    texts |= {f"src/part{n}.py": "def add(a):\n    return a + 1\n" * 40 for n in range(50)}
    rest = FILES - len(texts)
    return texts | {f"docs/page{n}.md": f"# Page {n}\n" for n in range(rest)}
