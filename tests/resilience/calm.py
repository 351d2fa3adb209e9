"""What a log may not hold, whatever happened."""

# kopf 1.45 does not close its watches in good order when it is told to stop, least of all one that still waits for the
# first word of the API server; nothing is lost by it.
KOPF_STOPS = ("infinite_watch", "request_cancel_callback")


def assert_calm(text: str) -> None:
    """No traceback, and no unexpected error."""
    lines = [line for line in text.splitlines() if not any(word in line for word in KOPF_STOPS)]
    loud = [line for line in lines if "Traceback" in line or "(bug)" in line]
    assert not loud, f"{len(loud)} lines, such as {loud[0][:3000]}"
    broken = [line for line in lines if "an error that it does not know" in line]
    assert not broken, broken[0][:3000]
