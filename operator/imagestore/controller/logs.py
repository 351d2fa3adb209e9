"""Structured logs: one JSON object a line, with the reconcile and its object, and no credential ever."""

import base64
import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from imagestore.controller.work.context import OBJECT, RECONCILE

_MASK = "***"
_SHORTEST = 8  # what is shorter would mask ordinary words
_SHORTEST_ID = 16
_REMEMBERED = 4000  # forms of credentials: a thousand values; after more rotations the first is of no use
_QUIET = ("kopf", "kopf.objects", "aiohttp", "asyncio", "botocore", "boto3", "urllib3", "s3transfer")


class Redactor:
    """Masks every credential that it has learnt, as it is and in base64: the last line of defence."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}  # the oldest first
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def learn(self, secret: Mapping[str, bytes]) -> None:
        """Mask these values from now on; a rotated Secret's old values stay masked."""
        found = {form for name, value in secret.items() if _is_telling(name, value) for form in _forms(value)}
        with self._lock:
            if not found <= self._known.keys():
                self._known |= dict.fromkeys(sorted(found))
                for oldest in list(self._known)[:-_REMEMBERED]:
                    del self._known[oldest]
                longest_first = sorted(self._known, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
                # The soak: re keeps the last 512 patterns, each longer than the one before; 60 KB a rotation.
                re.purge()

    def clean(self, text: str) -> str:
        """The text without what was learnt."""
        return self._pattern.sub(_MASK, text) if self._pattern else text


def _is_telling(name: str, value: bytes) -> bool:
    """Whether masking it costs less than showing it: an id may be an ordinary word, a key may not."""
    return len(value) >= (_SHORTEST_ID if name.lower().endswith("id") else _SHORTEST)


def _forms(value: bytes) -> set[str]:
    text = value.decode("utf-8", "replace").strip()
    encoded = base64.b64encode(value).decode()
    return {text, json.dumps(text)[1:-1], encoded, base64.b64encode(text.encode()).decode().rstrip("=")}


REDACTOR = Redactor()


class JsonFormatter(logging.Formatter):
    """A line for machines that people can read too."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "object": OBJECT.get(),
            "reconcile": RECONCILE.get(),
            "error": self.formatException(record.exc_info) if record.exc_info else "",
        }
        told = ("message", "error")  # what else is in a line is ours
        kept = {k: REDACTOR.clean(v) if k in told else v for k, v in line.items() if v}
        return json.dumps(kept, ensure_ascii=False)


def configure(level: str, stream: TextIO = sys.stderr) -> None:
    """Send all logs to one stream as JSON; the libraries only when something is wrong."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    handler.addFilter(_is_news)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _is_news(record: logging.LogRecord) -> bool:
    """kopf leaves its watches unclosed when it stops: of two generators that go together, the one that is closed
    second complains about the first, as an error with a traceback (once in some dozen soaks)."""
    harmless = "closing of asynchronous generator <async_generator object infinite_watch"
    return not (record.name == "asyncio" and harmless in record.getMessage())
