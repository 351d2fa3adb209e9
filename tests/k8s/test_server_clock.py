"""How far the API server's clock is ahead, by the dates of its answers."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagestore.k8s.api.server_clock import ServerClock

NOW = 1_800_000_000.0


def date(moment: float) -> str:
    """As a server writes it: without what is less than a second."""
    return format_datetime(datetime.fromtimestamp(int(moment), UTC), usegmt=True)


def test_nothing_is_known_before_the_first_answer() -> None:
    assert ServerClock().ahead == 0.0


@given(
    ahead=st.floats(-900, 900),
    calls=st.lists(
        st.tuples(st.floats(0, 86_400), st.floats(0, 20), st.floats(0, 20)), min_size=1, max_size=20
    ),
)
def test_it_never_says_more_than_the_answers_prove(
    ahead: float, calls: list[tuple[float, float, float]]
) -> None:
    """Answers that take long say little, and do no harm."""
    clock = ServerClock()
    for at, there, back in calls:
        clock.heard(date(NOW + at + there + ahead), NOW + at, NOW + at + there + back)
    assert min(0.0, ahead) - 0.001 <= clock.ahead <= max(0.0, ahead) + 0.001
    assert clock.least - 0.001 <= ahead <= clock.most + 0.001


@pytest.mark.parametrize("ahead", [300.0, -300.0])
def test_quick_answers_tell_it_to_a_second(ahead: float) -> None:
    clock = ServerClock()
    for n in range(10):
        sent = NOW + n * 3.1
        clock.heard(date(sent + ahead), sent, sent + 0.02)
    assert clock.ahead == pytest.approx(ahead, abs=1.0)


def test_a_clock_that_was_set_is_learnt_anew() -> None:
    clock = ServerClock()
    clock.heard(date(NOW + 300), NOW, NOW)
    clock.heard(date(NOW + 10), NOW + 10, NOW + 10)
    assert clock.ahead == 0.0


@pytest.mark.parametrize("text", ["", "yesterday", "Tue, 99 Nov 2026 10:00:00 GMT"])
def test_a_date_that_is_none_changes_nothing(text: str) -> None:
    clock = ServerClock()
    clock.heard(text, NOW, NOW)
    assert clock == ServerClock()
