"""What a change would delete at once: when that is much, and the sentence that a person approves by."""

import pytest

from imagestore.core.census import Amount, Census, Toll

WHOLE = Amount(100, 10_000)


@pytest.mark.parametrize(
    ("part", "much"),
    [
        (Amount(20, 2000), False),
        (Amount(21, 2000), True),
        (Amount(20, 2001), True),
        (Amount(0, 0), False),
    ],
)
def test_more_than_the_percentage_is_much_by_number_or_by_bytes(part: Amount, *, much: bool) -> None:
    """Exactly the percentage is what the administrator allowed."""
    assert part.exceeds(20, WHOLE) is much
    assert Census(WHOLE, Amount(), {"a": Toll(removed=part)}).exceeds({"a"}, 20) is much
    assert Census(WHOLE, WHOLE, {"a": Toll(hidden=part)}).exceeds({"a"}, 20) is much


def test_what_is_removed_counts_against_all_and_what_is_hidden_against_what_is_current() -> None:
    ten = Amount(10, 1000)
    assert Census(ten, WHOLE, {"a": Toll(removed=ten)}).exceeds({"a"}, 20)
    assert not Census(WHOLE, ten, {"a": Toll(removed=ten)}).exceeds({"a"}, 20)
    assert Census(WHOLE, ten, {"a": Toll(hidden=ten)}).exceeds({"a"}, 20)
    assert not Census(ten, WHOLE, {"a": Toll(hidden=ten)}).exceeds({"a"}, 20)


def test_only_the_parts_that_are_asked_about_count_and_all_of_them_together() -> None:
    census = Census(WHOLE, WHOLE, {n: Toll(removed=Amount(15, 0)) for n in "ab"})
    assert not census.exceeds({"a"}, 20)
    assert census.exceeds({"a", "b"}, 20)
    assert not census.exceeds({"unknown"}, 0)


def test_a_sentence_says_what_is_removed_and_what_is_hidden() -> None:
    census = Census(
        Amount(1200, 2**30),
        Amount(1000, 2**29),
        {"a": Toll(Amount(1100, 2**20), Amount(1000, 2**10))},
        "rule",
    )
    assert census.sentence({"a"}) == (
        "rule a would remove 1 100 of 1 200 objects (1.0 MiB of 1.0 GiB) and would hide 1 000 of 1 000 objects"
        " (1.0 KiB of 512.0 MiB) behind delete markers at its first run"
    )


def test_what_a_part_does_not_do_is_not_said_and_nothing_at_all_is() -> None:
    one = Amount(1, 10)
    census = Census(one, one, {"hides": Toll(hidden=one), "removes": Toll(removed=one)})
    assert census.sentence({"hides"}) == (
        "part hides would hide 1 of 1 objects (10 B of 10 B) behind delete markers at its first run"
    )
    assert (
        census.sentence({"removes"})
        == "part removes would remove 1 of 1 objects (10 B of 10 B) at its first run"
    )
    assert census.sentence({"idle"}) == "part idle would remove 0 of 1 objects (0 B of 10 B) at its first run"
    assert "idle" not in census.sentence({"idle", "removes"})


def test_an_extrapolation_says_about() -> None:
    one = Toll(Amount(1, 10), Amount(1, 10))
    said = Census(WHOLE, WHOLE, {"a": one}, estimated=True).sentence({"a"})
    assert "would remove about 1 of 100 objects" in said
    assert "would hide about 1 of 100 objects" in said


@pytest.mark.parametrize(("count", "rest"), [(5, ""), (6, "; and 1 more"), (9, "; and 4 more")])
def test_the_five_largest_are_named(count: int, rest: str) -> None:
    tolls = {f"p{n}": Toll(Amount(n, 100 - n)) for n in range(1, count + 1)}
    said = Census(WHOLE, WHOLE, tolls).sentence(set(tolls))
    named = [f"p{n}" for n in range(count, count - 5, -1)]
    assert [part.split()[1] for part in said.split("; ")[:5]] == named, "by number first"
    assert said.endswith(f"at its first run{rest}")


def test_of_as_many_objects_those_with_more_bytes_come_first_and_then_the_name_decides() -> None:
    tolls = {"a": Toll(Amount(1, 5)), "b": Toll(hidden=Amount(1, 9)), "c": Toll(Amount(1, 5))}
    said = Census(WHOLE, WHOLE, tolls).sentence(set(tolls))
    assert [part.split()[1] for part in said.split("; ")] == ["b", "a", "c"]


def test_what_is_removed_and_hidden_counts_together_for_the_order() -> None:
    tolls = {"a": Toll(Amount(2, 0)), "b": Toll(Amount(1, 0), Amount(2, 0))}
    assert Census(WHOLE, WHOLE, tolls).sentence(set(tolls)).startswith("part b ")
