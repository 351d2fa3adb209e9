"""What a bare word of YAML means to the API server's parser (sigs.k8s.io/yaml), and how words are written so that all agree.

YAML 1.1 and 1.2 differ, and parsers differ from both: ``y`` is a boolean to Kubernetes and a string to Python's yaml, ``1:30``
the other way round a number, ``0o17`` and ``1e3`` are numbers to Kubernetes only. An imported tag ``y`` stood without quotes,
``plan`` was green, and ``kubectl apply`` refused a boolean.
"""

import re
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
# As Go's strconv.ParseInt reads them with base 0, underscores taken out before.
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_STRAY_UNDERSCORE = re.compile(r"(?<![0-9])_|_(?![0-9])")  # underscores that separate no digits
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def meaning(text: str) -> str:
    """The short name of the type that a bare word has: str, bool, int, float, null or merge."""
    if text in TRUE or text in _FALSE:
        return "bool"
    if text in _NULL:
        return "null"
    if text == "<<":
        return "merge"
    return _numeric(text)


def _numeric(text: str) -> str:
    if _NO_NUMBER.fullmatch(text):
        return "float"
    if text[0] not in "0123456789+-.":
        return "str"
    if integer(text) is not None:
        return "int"
    if text[0] == "." and _STRAY_UNDERSCORE.search(text):
        return "str"
    plain = text.replace("_", "")
    return "float" if _FLOAT.fullmatch(plain) and abs(float(plain)) != float("inf") else "str"


def integer(text: str) -> int | None:
    """The number that a word is; None if it is none, or exceeds 64 bits."""
    found = None if text.startswith(".") else _INTEGER.fullmatch(text.replace("_", ""))
    if found is None:
        return None
    sign, *digits = found.groups()
    number = next(int(d, base) for d, base in zip(digits, (16, 2, 8, 10), strict=True) if d is not None)
    number = -number if sign == "-" else number
    return number if -(2**63) <= number < 2**64 else None


def _read(loader: Any, kind: Any, value: Any, implicit: Any) -> str:
    """How the loader finds the type of a bare word. Quoted words, lists and mappings are as in every parser."""
    if kind is yaml.ScalarNode and implicit[0]:
        return _TAG + meaning(value)
    return str(_BASE.resolve(loader, kind, value, implicit))


_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Loader: Any = type("Loader", (_BASE,), {"resolve": _read})
_resolved: Any = yaml.SafeDumper.resolve


class _Dumper(yaml.SafeDumper):
    """Quotes every word that any of the parsers would not read as a string."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """The type that any parser sees in the word. Where that is not its own type, the dumper quotes it."""
        found = str(_resolved(self, kind, value, implicit))
        bare = kind is yaml.ScalarNode and implicit[0] and found == f"{_TAG}str"
        if not bare:
            return found
        return _TAG + ("float" if _FLOAT.fullmatch(value) else meaning(value))


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Line breaks of Unicode would be folded into blanks: they are written as escapes."""
    style = '"' if any(c in text for c in "\x85\u2028\u2029\ufeff") else None
    return dumper.represent_scalar(f"{_TAG}str", text, style)


_Dumper.add_representer(str, _text)


def dumped(value: object) -> str:
    """YAML that every parser reads the same way."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))
