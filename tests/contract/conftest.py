"""Nothing is left of a test; of a run against a real account (`make live`) also the estimate and the consent."""

from collections.abc import Iterator

import pytest

from tests.contract.stores import LIVE, stop_lifecycles


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say what it will cost, and stop unless that is agreed to."""
    if LIVE is None:
        return
    print(f"\nlive: {LIVE.estimate(len(session.items))}")
    if LIVE.consent != LIVE.label:
        pytest.exit(f"nothing was sent; to agree, give CONSENT={LIVE.label}", returncode=1)
    LIVE.claim_leftovers()
    LIVE.clean()


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Each test's bucket goes with it on an account, and its lifecycle rules on a server, whatever became of the test."""
    yield
    if LIVE is not None:
        assert not LIVE.clean()
    else:
        stop_lifecycles()


def pytest_sessionfinish() -> None:
    """Once more what would not go before, and the bill."""
    if LIVE is not None and LIVE.consent == LIVE.label:
        left = LIVE.clean()
        print(f"\nlive: {LIVE.requests} requests, {LIVE.buckets} buckets, left: {', '.join(left) or 'none'}")
