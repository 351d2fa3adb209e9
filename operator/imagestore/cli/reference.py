"""docs/reference/cli.md: every command with its options, generated from the parser."""

import argparse
from collections.abc import Iterator

from imagestore.cli.parser import command_line
from imagestore.crdgen.formats import table

_HEAD = "# Commands and their options\n\n[The command line](../cli.md) explains what the commands do."


def options_page() -> str:
    """The page, a section for each command."""
    return "\n\n".join([_HEAD, *_sections(command_line())]) + "\n"


def _sections(parser: argparse.ArgumentParser) -> Iterator[str]:
    commands = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not commands:
        yield _section(parser)
    for action in commands:
        for command in dict.fromkeys(action.choices.values()):
            yield from _sections(command)


def _section(parser: argparse.ArgumentParser) -> str:
    actions = [a for a in parser._actions if not isinstance(a, argparse._HelpAction)]
    rows = [[_name(a), _help(a)] for a in actions]
    remarks = (parser.epilog or "").split("\n\n", 1)
    parts = [
        f"## {parser.prog}",
        _text(parser.description),
        table(["option", "effect"], rows),
        f"```\n{remarks[0]}\n```",
    ]
    return "\n\n".join([*parts, *map(_text, remarks[1:])])


def _text(text: str | None) -> str:
    """A description as Markdown: angle brackets are no HTML, and lists stay lists."""
    return (text or "").strip().replace("<", "\\<")


def _name(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else f" {_metavar(action)}"
    return ", ".join(f"`{o}{value}`" for o in action.option_strings) or f"`{_metavar(action)}`"


def _metavar(action: argparse.Action) -> str:
    if action.choices:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


def _help(action: argparse.Action) -> str:
    shown = (action.help or "") % {"default": action.default}
    required = " (required)" if action.required and action.option_strings else ""
    return shown.replace("<", "\\<") + required
