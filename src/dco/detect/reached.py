"""What a workflow reaches within its repository, and whether it can deploy.

It reaches the local actions and workflows that it uses, and the scripts that its commands name. It can deploy when it,
or what it reaches, gives a deploying command, takes credentials of a cloud, or hands over to a workflow elsewhere.
"""

import json
import posixpath
import re
from collections.abc import Iterable, Mapping

from dco.detect.yaml_meaning import scalars
from dco.model.errors import ConfigurationError
from dco.seams.source import Source, SourceFile

_DEPLOYING = (
    r"(?:terraform|tofu|terragrunt)(?: -\S+)* (?:apply|destroy|import|state)",
    r"ecs (?:update-service|register-task-definition|run-task)|aws-actions/amazon-ecs-deploy\S*|ssm put-parameter",
    r"codebuild start-build|codedeploy|s3 sync|cloudformation deploy|lambda update-function",
    r"docker(?: buildx build)? .*push|docker push|\bdco run\b|cdk deploy|pulumi up|ansible-playbook",
    r"(?:serverless|sls|sam|copilot|wrangler|vercel|fly|flyctl|eb|chalice|netlify) deploy|git push heroku",
    r"kubectl (?:apply|set|rollout)|helm (?:upgrade|install)|gh workflow run|actions/workflows/\S+/dispatches",
)
_COMMANDS = re.compile("|".join(_DEPLOYING))
_CREDENTIALS = re.compile(
    r"aws-actions/configure-aws-credentials|azure/login|google-github-actions/auth|AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY"
    r"|ROLE\w*)"
)
_ELSEWHERE = re.compile(r"[\w.-]+/[\w.-]+/\.github/workflows/[\w./-]+@\S+")
_SCRIPT = re.compile(r"(?<![\w/.-])(?:\./)?((?:[\w.-]+/)*[\w.-]+\.(?:sh|bash|py|js|mjs|ts|rb|ps1))\b")
_MAKE = re.compile(r"(?:^|[;&|\s])make(?:\s|$)")
_NPM = re.compile(r"(?:npm|pnpm|yarn|bun)(?: run(?:-script)?)? ([\w:-]+)")
_YAML = (".yml", ".yaml")
_MOST = 200
"""Files that are followed from one workflow."""


def reached(path: str, text: str, source: Source, revision: str) -> dict[str, SourceFile]:
    """Return the files that a workflow reaches, by path, without itself. Raises as `scalars` does for `text`."""
    there = {file.path: file for file in source.files(revision)}
    found: dict[str, SourceFile] = {}
    waiting = list(_named(scalars(text, path), there))
    while waiting and len(found) < _MOST:
        each = waiting.pop()
        if each in found or each == path:
            continue
        found[each] = there[each]
        if each.endswith(_YAML):
            waiting += _named(_lenient(each, source.read(revision, each)), there)
    return dict(sorted(found.items()))


def deploys(path: str, text: str, source: Source, revision: str) -> tuple[str, ...]:
    """Return by which words a workflow can deploy, sorted; none when it can't. Raises as `scalars` does for `text`."""
    own = list(scalars(text, path))
    words = set(_words(own))
    others = [file.path for file in reached(path, text, source, revision).values() if file.mode.startswith("100")]
    commands = " ".join(value for key, value in own if key == "run")
    there = {file.path for file in source.files(revision)}
    others += [each for each in ("Makefile", "GNUmakefile") if _MAKE.search(commands) and each in there]
    for each, content in source.read_many(revision, others).items():
        inner = _lenient(each, content) if each.endswith(_YAML) else [("run", content.decode(errors="replace"))]
        words |= {f"{word} (in {each})" for word in _words(inner)}
    if "package.json" in there and (names := set(_NPM.findall(commands))):
        words |= set(_words(_scripts(source.read(revision, "package.json"), names)))
    return tuple(sorted(words))


def deploying(text: str) -> bool:
    """Tell whether a text gives a deploying command."""
    return _COMMANDS.search(text.replace("\\\n", " ")) is not None


def _scripts(manifest: bytes, names: set[str]) -> list[tuple[str, str]]:
    """Return the commands behind the names of `package.json`; all its text where that can't be told."""
    try:
        scripts = json.loads(manifest).get("scripts", {})
        return [("run", str(scripts.get(name, ""))) for name in names]
    except (ValueError, AttributeError):
        return [("run", manifest.decode(errors="replace"))]


def _words(values: Iterable[tuple[str, str]]) -> Iterable[str]:
    for key, value in values:
        yield from _COMMANDS.findall(value.replace("\\\n", " "))
        yield from _CREDENTIALS.findall(value)
        yield from _ELSEWHERE.findall(value) if key == "uses" else ()
        if key == "id-token" and value == "write":
            yield "id-token: write"
        if key == "environment":
            yield f"environment {value}"


def _named(values: Iterable[tuple[str, str]], there: Mapping[str, SourceFile]) -> Iterable[str]:
    """Yield the repository's files that values name."""
    for key, value in values:
        if key == "uses" and value.startswith("./"):
            place = posixpath.normpath(value)
            yield from (path for path in there if path == place or path.startswith(f"{place}/"))
        if key == "run":
            yield from (path for path in _SCRIPT.findall(value) if path in there)


def _lenient(path: str, content: bytes) -> list[tuple[str, str]]:
    """Return the values of another file; of one that does not parse its text, as if it were a command."""
    text = content.decode(errors="replace")
    try:
        return list(scalars(text, path))
    except ConfigurationError:
        return [("run", text)]
