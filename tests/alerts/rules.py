"""The chart's alert rules, as they are and in a hurry."""

import math
import re
from typing import Any

import yaml

from tests.e2e.harness import CHART

FILE = CHART / "files" / "alerts.yaml"
MINUTE = 0.2
RANGE, SHORTEST = "[5s]", 1
_MINUTES = {"m": 1, "h": 60, "d": 30}  # nobody waits for a day


def rules() -> list[dict[str, Any]]:
    """All rules."""
    (group,) = yaml.safe_load(FILE.read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def hurried(text: str) -> str:
    """The same rules in a world where a minute lasts 0.2 s, and a day six.

    Nothing but durations changes: `for: 10m`, `[15m]` and `15 * 60`. Prometheus asks once a second, so every
    range is 5 s, and `for` never below 1 s.
    """
    text = re.sub(r"\[\d+[mh]\]", RANGE, text)
    text = re.sub(r"for: (\d+)([mhd])", lambda m: f"for: {_seconds(m)}s", text)
    return re.sub(r"\* 60\b", f"* {MINUTE}", text)


def _seconds(found: re.Match[str]) -> int:
    return max(SHORTEST, math.ceil(int(found[1]) * _MINUTES[found[2]] * MINUTE))
