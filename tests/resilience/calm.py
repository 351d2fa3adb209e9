"""What a log may not hold, whatever happened."""

# kopf 1.45 does not close its watch in good order when it is told to stop; nothing is lost by it.
KOPF_STOPS = "infinite_watch"


def assert_calm(text: str) -> None:
    """No traceback, and nothing that nobody has thought of."""
    lines = [line for line in text.splitlines() if KOPF_STOPS not in line]
    loud = [line for line in lines if "Traceback" in line or "nobody has thought of" in line]
    assert not loud, f"{len(loud)} lines, such as {loud[0][:3000]}"
    broken = [line for line in lines if "an error that it does not know" in line]
    assert not broken, broken[0][:3000]
