"""The generated page of commands and options."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagestore.cli.parser import command_line
from imagestore.cli.reference import options_page
from tests.cli.world import imagestore

ROOT = Path(__file__).parents[2]


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Every parser of a command."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in dict.fromkeys(action.choices.values()):
                yield from commands(below)


def options() -> list[tuple[str, argparse.Action]]:
    """Every option of every command, with the command's name."""
    found = ((p.prog, a) for p in commands(command_line()) for a in p._actions)
    return [(name, a) for name, a in found if not isinstance(a, argparse._SubParsersAction)]


@pytest.mark.parametrize(("command", "option"), options(), ids=lambda o: getattr(o, "dest", o))
def test_every_option_says_what_it_does(command: str, option: argparse.Action) -> None:
    """`--format` and `--by` had no text at all."""
    assert option.help, command


@pytest.mark.parametrize("parser", [p for p in commands(command_line()) if p.epilog], ids=lambda p: p.prog)
def test_every_command_says_its_exit_codes_and_is_on_the_page(parser: argparse.ArgumentParser) -> None:
    assert "exit codes:\n" in str(parser.epilog)
    assert f"## {parser.prog}\n" in options_page()


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    said = imagestore(capsys, "generate", "--check", "--root", ROOT)
    assert (said.code, said.out) == (0, ""), "run `make generate` and commit what it writes"
