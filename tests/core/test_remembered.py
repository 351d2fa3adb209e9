"""Names in a status: spelled while they are few and short, known again in any case."""

import pytest

from imagestore.core.remembered import SPELLED, recalls, remembered


def names(letters: int, letter: str = "x") -> list[str]:
    """A list that takes so many bytes as JSON: ``["…"]``."""
    return [letter * (letters - 4)]


@pytest.mark.parametrize(("weight", "spelled"), [(SPELLED, True), (SPELLED + 1, False)])
def test_names_are_spelled_up_to_two_kibibytes(weight: int, *, spelled: bool) -> None:
    assert SPELLED == 2048
    kept = remembered(names(weight))
    assert (list(kept) == names(weight)) is spelled
    assert all(len(n) == 9 for n in kept) is not spelled
    assert recalls(kept, names(weight)[0])


@pytest.mark.parametrize("letter", ["<", ">", "&"])
def test_letters_that_the_api_server_escapes_weigh_six(letter: str) -> None:
    assert remembered([letter * 340])[0] == letter * 340
    assert remembered([letter * 341])[0].startswith("#")
    assert remembered(["ä" * 1022])[0] == "ä" * 1022, "others weigh their bytes"


def test_each_name_is_kept_once_and_in_order() -> None:
    assert remembered(["b", "a", "b"]) == ("a", "b")
    assert remembered([]) == ()


def test_what_was_remembered_by_its_digest_is_not_digested_again() -> None:
    """From one status to the next: else a name was forgotten with its second status."""
    first = remembered([f"{n}" + "x" * 100 for n in range(40)])
    assert all(n.startswith("#") for n in first)
    again = remembered([*first, "y" * 3000])
    assert set(first) < set(again)
    assert recalls(again, "0" + "x" * 100)
    assert recalls(again, "y" * 3000)
    assert not recalls(again, "z")


def test_nothing_recalls_nothing() -> None:
    assert not recalls((), "a")
    assert not recalls(("a",), "b")
    assert recalls(("a",), "a")


def test_a_name_that_only_looks_like_a_digest_is_digested() -> None:
    long = ["#0123456", "#012345678", "#0123456g", "x" * 3000]
    assert not set(long) & set(remembered(long))
    assert "#01234567" in remembered(["#01234567", "x" * 3000])


def test_many_short_names_are_weighed_and_few_are_not_worth_it() -> None:
    """What is spelled is the same either way: up to the bound, whatever the letters weigh."""
    for count in range(1, 60):
        for letter in "x<ä":
            kept = remembered([f"{n:02}{letter * 30}" for n in range(count)])
            weight = count * (2 + 30 * {"x": 1, "<": 6, "ä": 2}[letter] + 4)
            assert kept[0].startswith("#") is (weight > SPELLED)


def test_names_that_are_no_text_are_remembered_too() -> None:
    """A store may answer half a letter."""
    odd = "\udcff" * 3000
    assert recalls(remembered([odd]), odd)
    assert remembered(["\udcff"]) == ("\udcff",)
