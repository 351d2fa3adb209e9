"""Words that parsers of YAML do not agree on: read as the API server reads them, written so that all read a string."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from imagestore.cli.importing.manifest import manifest
from imagestore.cli.importing.settings import ImportedSetting
from imagestore.cli.manifests.documents import documents
from imagestore.cli.manifests.load import load
from imagestore.cli.manifests.scalars import dumped
from tests.cli.world import bucket, write

BOOLEANS = ["y", "Y", "n", "N", "yes", "No", "on", "OFF", "true", "False"]
NUMBERS = {
    "017": 15, "0o17": 15, "0b11": 3, "0x1F": 31, "1_000": 1000, "+1": 1, "-0": 0, "1e3": 1000.0, "1.": 1.0, ".5": 0.5, ".5_0": 0.5, "08": 8.0,
    "9223372036854775808": 9223372036854775808,
}  # fmt: skip
NULLS = ["~", "null", "Null", "NULL"]
# Times, base 60, and what is a boolean or a number to other parsers only.
WORDS = [
    "2027-01-31",
    "2027-01-31T12:00:00Z",
    "1:30",
    "190:20:30",
    "tRue",
    "yEs",
    "=",
    "1e",
    "0x",
    "_1",
    "1e999",
    "+",
    ".5_",
]
ALL = [*BOOLEANS, *NUMBERS, *NULLS, *WORDS]


def read(text: str) -> object:
    """The value of ``a`` as a manifest has it."""
    return next(documents(f"kind: X\na: {text}\n", "x.yaml")).value["a"]


@pytest.mark.parametrize("word", BOOLEANS)
def test_a_boolean_of_the_api_server_is_one_here(word: str, tmp_path: Path) -> None:
    assert read(word) is (word.lower() in ("y", "yes", "on", "true"))
    assert read(f"'{word}'") == word
    found = load(
        [str(write(tmp_path, bucket("photos", "shop--photos", f"tags: {{keep: {word}}}")))], "default"
    )
    assert 'spec.tags["keep"]: must be a string; put it in quotes' in str(found.problems[0])


def test_a_key_that_the_api_server_takes_for_something_else_is_refused(tmp_path: Path) -> None:
    found = load([str(write(tmp_path, bucket("photos", "shop--photos", "tags: {y: a}")))], "default")
    assert "a key must be a string; write it in quotes: 'y'" in str(found.problems[0])


@pytest.mark.parametrize(("word", "number"), NUMBERS.items())
def test_a_number_of_the_api_server_is_one_here(word: str, number: float) -> None:
    assert read(word) == number
    assert type(read(word)) is type(number)


@pytest.mark.parametrize("word", WORDS)
def test_what_is_a_word_to_the_api_server_is_one_here(word: str) -> None:
    assert read(word) == word


@pytest.mark.parametrize("word", NULLS)
def test_a_null_is_one(word: str) -> None:
    assert read(word) is None


@pytest.mark.parametrize("word", [w for w in ALL if w not in ("tRue", "yEs", "1e", "0x", "_1", "+", ".5_")])
def test_an_imported_word_is_in_quotes_where_any_parser_sees_more_in_it(word: str) -> None:
    text = manifest(
        "shop", "photos", "eu", "shop--photos", {"tags": ImportedSetting({"a": word, word: "b"})}, ()
    )
    lines = text.splitlines()
    assert f"    a: '{word}'" in lines
    assert f"    '{word}': b" in lines


@given(
    st.dictionaries(
        st.one_of(st.text(), st.text("0123456789abefoxynNrtuUslTRE+-._:~=<")), st.text(), max_size=4
    )
)
def test_whatever_is_written_is_read_as_it_was_by_both_parsers(values: dict[str, str]) -> None:
    """Whatever XML, or a tag of a store, can hold; YAML itself cannot say lone surrogates."""
    text = dumped({"kind": "X", "tags": values, "again": list(values)})
    (ours,) = documents(text, "x.yaml")
    assert (ours.problems, ours.value["tags"], ours.value["again"]) == ((), values, list(values))
    assert yaml.safe_load(text)["tags"] == values
