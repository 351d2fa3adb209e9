"""Patterns of actions and resources: what one matches, the other matches as well; told in no time, whoever wrote them."""

from hypothesis import example, given
from hypothesis import strategies as st

from imagestore.facets.policy import within

PIECES = st.text("ab*?", max_size=7)


def simply(pattern: str, text: str) -> bool:
    """The same, letter by letter."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return simply(pattern[1:], text) or (bool(text) and simply(pattern, text[1:]))
    same = bool(text) and (text[0] == pattern[0] or (pattern[0] == "?" and text[0] != "*"))
    return same and simply(pattern[1:], text[1:])


@given(PIECES, PIECES)
@example("*ab*b", "abab")
@example("a**?", "ab")
def test_within_is_what_it_is_letter_by_letter(pattern: str, text: str) -> None:
    assert within(text, pattern) is simply(pattern, text)


def test_many_stars_take_no_time() -> None:
    """Six of them took most of a minute, during which the whole operator stood still: this would never end."""
    assert not within("a" * 1000, "*a" * 300 + "*b")
    assert within("a" * 1000 + "b", "*a" * 300 + "*b")
