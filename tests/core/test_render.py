"""How much of a list is shown."""

import pytest

from imagestore.core.render import ellipsized


@pytest.mark.parametrize(("count", "shown", "left"), [(0, 0, 0), (3, 3, 0), (4, 4, 0), (5, 3, 2), (9, 3, 6)])
def test_a_single_further_item_is_shown_instead_of_counted(count: int, shown: int, left: int) -> None:
    items = list(range(count))
    assert ellipsized(items, 3) == (items[:shown], left)
