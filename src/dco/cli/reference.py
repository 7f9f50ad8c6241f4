"""`python -m dco.cli.reference [--check]`: docs/cli.md from the commands' help, docs/configuration.md from the schema.

What is said here is said once: in the commands, in example.toml and in the classes of `dco.model.environment`.
"""

import difflib
import inspect
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import click
import msgspec

from dco.cli import COMMANDS, group
from dco.model import databases, policy, watching
from dco.model import environment as schema
from dco.model.section import Section

DOCS = Path(__file__).resolve().parents[3] / "docs"
_NOTE = "<!-- made by `python -m dco.cli.reference`: edit the source that it names, not this file -->"


def main() -> None:
    """Write both references, or with `--check` tell what is out of date and end with 1."""
    wanted = {DOCS / "cli.md": cli(), DOCS / "configuration.md": configuration()}
    if "--check" not in sys.argv[1:]:
        DOCS.mkdir(exist_ok=True)
        for file, text in wanted.items():
            file.write_text(text, encoding="utf-8")
        return
    stale = [line for file, text in wanted.items() for line in _difference(file, text)]
    if stale:
        click.echo("\n".join(stale))
        click.echo("the references are out of date: python -m dco.cli.reference")
        sys.exit(1)


def _difference(file: Path, text: str) -> list[str]:
    there = file.read_text(encoding="utf-8") if file.exists() else ""
    name = f"docs/{file.name}"
    return list(difflib.unified_diff(there.splitlines(), text.splitlines(), name, f"{name} as it should be", "", "", 1))


def cli() -> str:
    """Return the reference of the commands."""
    context = click.Context(group, info_name="dco")
    lines = ["# Commands", "", _NOTE, "", *_command(context, group, "dco", 2)]
    for name in sorted(COMMANDS):
        command = group.get_command(context, name)
        if command is not None:
            lines += ["", *_command(click.Context(command, info_name=name, parent=context), command, f"dco {name}", 2)]
    return "\n".join(lines) + "\n"


def _command(context: click.Context, command: click.Command, title: str, level: int) -> list[str]:
    usage = " ".join([title, *command.collect_usage_pieces(context)])
    lines = [f"{'#' * level} {title}", "", "```", usage, "```", "", *_prose(command.help or "")]
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    if options:
        lines += ["", "| option | |", "|---|---|"]
        lines += [f"| `{_flags(option)}` | {_cell(_help(option))} |" for option in options]
    if isinstance(command, click.Group) and command is not group:
        for name, inner in sorted(command.commands.items()):
            inside = click.Context(inner, info_name=name, parent=context)
            lines += ["", *_command(inside, inner, f"{title} {name}", level + 1)]
    return lines


def _prose(help_text: str) -> list[str]:
    """Return a help text as Markdown; a paragraph that click must not wrap (an example, a table) keeps its lines."""
    lines: list[str] = []
    for paragraph in inspect.cleandoc(help_text).split("\n\n"):
        kept = paragraph.startswith("\b")
        text = paragraph.removeprefix("\b").strip("\n")
        lines += [*(["", *_block(text)] if kept else ["", " ".join(text.split())])]
    return lines[1:]


def _block(text: str) -> list[str]:
    if match := re.match(r"Examples?:\s*", text):
        commands = [line.strip() for line in text[match.end() :].splitlines()]
        return ["```console", *(f"$ {line}" for line in commands), "```"]
    return [" ".join(text.split())]


def _flags(option: click.Option) -> str:
    flags = ", ".join([*option.opts, *option.secondary_opts])
    return flags if option.is_flag else f"{flags} {option.make_metavar(click.Context(group))}"


def _help(option: click.Option) -> str:
    default = f" Default: {option.default}." if option.show_default and not option.is_flag else ""
    return f"{option.help or ''}{'' if option.multiple or not option.required else ' Required.'}{default}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def configuration() -> str:
    """Return the reference of dco.toml: the example as a whole, then every section with its keys."""
    example = resources.files("dco").joinpath("example.toml").read_text(encoding="utf-8")
    lines = ["# dco.toml", "", _NOTE, "", "Unknown keys are refused. Every key, with an example:", ""]
    lines += ["```toml", example.rstrip(), "```", "", "`mode`, and the sections, belong to the file's top level."]
    for section in sections():
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def sections() -> tuple[type[Section], ...]:
    """Return every table of dco.toml, the file itself first."""
    every = [each for module in (schema, databases, policy, watching) for each in vars(module).values()]
    found = [kind for kind in every if inspect.isclass(kind) and issubclass(kind, Section)]
    tables = [kind for kind in found if kind not in {Section, schema.Environment}]
    return (schema.Environment, *sorted(set(tables), key=lambda kind: list(_TITLES).index(kind.__name__)))


def _section(section: type[Section]) -> list[str]:
    said = _said_of_keys(section)
    lines = [f"## {_TITLES[section.__name__]}", "", inspect.cleandoc(section.__doc__ or "").replace("\n\n", "\n"), ""]
    lines += ["| key | type | default | |", "|---|---|---|---|"]
    tag = section.__struct_config__.tag
    if tag is not None:
        lines.append(f'| `kind` | text | required | `"{tag}"` |')
    for field in msgspec.structs.fields(section):
        text = _cell(said.get(field.name, ""))
        lines.append(f"| `{field.name}` | {_cell(_type(field.type))} | {_default(field)} | {text} |")
    return lines


_TITLES = {
    "Environment": "The file",
    "Aws": "[aws]",
    "State": "[state]",
    "Quiet": "[offering.quiet]",
    "EcsTaskOffering": '[offering] of kind "ecs-task"',
    "CommandOffering": '[offering] of kind "command"',
    "HttpOffering": '[offering] of kind "http"',
    "ObservedOffering": '[offering] of kind "observe"',
    "Database": "[databases.NAME]",
    "Gate": "[databases.NAME.gate]",
    "Backup": "[backup]",
    "Redeploy": "[redeploy]",
    "GivenBuilder": '[applications.NAME.builder] of kind "given"',
    "CommandBuilder": '[applications.NAME.builder] of kind "command"',
    "CodeBuildBuilder": '[applications.NAME.builder] of kind "codebuild"',
    "Service": "[applications.NAME.services.KEY]",
    "Application": "[applications.NAME]",
    "Stack": "[stacks.NAME]",
    "StackInput": "stacks.NAME.inputs, each",
    "Workflows": "[workflows]",
    "Verify": "[verify]",
    "Drift": "[drift]",
    "Window": "policy.windows, each",
    "Ignore": "policy.ignore, each",
    "Policy": "[policy]",
    "Notify": "[notify]",
    "Schedule": "[schedule]",
    "MachineImage": "[images.NAME]",
    "LockFile": "[libraries.NAME]",
    "Neo4jVersions": "[neo4j]",
    "Pins": "[pins]",
    "AwsOfferings": "[aws_offerings]",
    "EndOfLife": "[end_of_life]",
    "Registries": "[registries]",
    "Sources": "[sources]",
    "SourcePolicy": "[sources.images] and its like",
}


def _said_of_keys(section: type[Section]) -> dict[str, str]:
    """Return the docstring below each key of a section; a key without one has the example's remark beside it."""
    source = inspect.getsource(section)
    below = re.findall(r'^ {4}(\w+): [^\n]*\n {4}"""(.*?)"""', source, re.MULTILINE | re.DOTALL)
    said = {name: " ".join(text.split()) for name, text in below}
    return {**_remarks(), **said}


def _remarks() -> dict[str, str]:
    """Return the example's remarks on keys whose name only one section has: only there is it clear what they say."""
    names = [field.name for section in sections() for field in msgspec.structs.fields(section)]
    example = resources.files("dco").joinpath("example.toml").read_text(encoding="utf-8")
    found = re.findall(r"^(?:# )?(\w+) = .*?  # (.*)$", example, re.MULTILINE)
    return {name: remark for name, remark in found if names.count(name) == 1 and not remark.startswith("of kind")}


def _type(kind: Any) -> str:
    text = str(msgspec.json.schema(kind).get("type", "")) if kind in {str, int, float, bool} else ""
    if text:
        return {"string": "text", "boolean": "true or false"}.get(text, text)
    name = re.sub(r"dco\.model\.\w+\.|typing\.", "", str(kind)).replace("<class '", "").replace("'>", "")
    if options := re.search(r"Literal\[(.*?)\]", name):
        listed = options[1].replace("'", "")
        return f"list of {listed}" if name.startswith("list") else listed
    name = re.sub(r" \| None$", "", name)
    name = name.replace("list[str]", "list of texts").replace("dict[str, str]", "table of texts")
    name = re.sub(r"(?:dict\[str, |list\[)(\w+)\]", r"several, see \1", name)
    name = re.sub(rf"\b(?:{'|'.join(_TITLES)})\b", lambda match: _TITLES[match[0]], name)
    return re.sub(r"\bstr\b", "text", name)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()  # pyright: ignore[reportCallIssue] - it is one, where it is set
        return f"`{_toml(value)}`" if value else "none"
    if isinstance(field.default, msgspec.Struct):
        return "as below"
    return "none" if field.default in (None, "") else f"`{_toml(field.default)}`"


def _toml(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def example_keys() -> set[str]:
    """Return every key that the example sets or shows commented out."""
    text = resources.files("dco").joinpath("example.toml").read_text(encoding="utf-8")
    shown = set(re.findall(r"^(?:# )?(\w+) =", text, re.MULTILINE))
    return shown | set(_keys(tomllib.loads(text)))


def _keys(table: Any) -> Iterable[str]:
    if isinstance(table, list):
        for item in table:  # pyright: ignore[reportUnknownVariableType] - what TOML holds
            yield from _keys(item)
    if isinstance(table, dict):
        for key, value in table.items():  # pyright: ignore[reportUnknownVariableType]
            yield str(key)  # pyright: ignore[reportUnknownArgumentType]
            yield from _keys(value)


if __name__ == "__main__":
    main()
