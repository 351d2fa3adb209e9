"""What a log may not hold, whatever happened."""

import json

# kopf 1.45 does not close its watch in good order when it is told to stop; nothing is lost by it.
KOPF_STOPS = "infinite_watch"


def assert_calm(text: str) -> None:
    """No traceback, and nothing that nobody has thought of."""
    lines = [line for line in text.splitlines() if KOPF_STOPS not in line]
    loud = [line for line in lines if "Traceback" in line or "nobody has thought of" in line]
    assert not loud, f"{len(loud)} lines, such as {loud[0][:3000]}"
    assert "InternalError" not in "".join(lines)


def told(text: str) -> list[dict[str, str]]:
    """The lines of a log that are JSON, which all of ours are."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
