"""Names that a status remembers: as they are while they are few and short, else each by its digest. Pure.

A status has a size limit, and all managed parts must be remembered: a forgotten name would stay in the store for ever.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Sequence

SPELLED = 2048  # bytes of names that are kept as they are
_SHORT = re.compile(r"#[0-9a-f]{8}")


def remembered(names: Iterable[str]) -> tuple[str, ...]:
    """Return what to keep of these names; short lists stay as they are."""
    kept = sorted(set(names))
    if _are_short(kept) or _weight(kept) <= SPELLED:
        return tuple(kept)
    return tuple(sorted({n if _SHORT.fullmatch(n) else _short(n) for n in kept}))


def _are_short(names: Sequence[str]) -> bool:
    """Whether they are spelled for certain: no letter takes more than six bytes. To weigh them exactly is dear, and most are few."""
    return sum(map(len, names)) * 6 + len(names) * 4 + 2 <= SPELLED


def _weight(names: Iterable[str]) -> int:
    """Return their bytes as the API server stores them, which writes < > and & as six bytes each."""
    text = json.dumps(list(names), ensure_ascii=False)
    return len(text.encode("utf-8", "replace")) + 5 * sum(map(text.count, "<>&"))


def recalls(kept: Collection[str], name: str) -> bool:
    """Whether this name is among those that were kept."""
    return name in kept or (bool(kept) and _short(name) in kept)


def _short(name: str) -> str:
    return "#" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
