"""What a status remembers of a wish. Pure."""

import hashlib
import json

from imagestore.core.facet import Facet

WRITTEN = "-"  # in place of a wish's digest: written, and not yet seen to be held


def wish_digest(wish: Facet) -> str:
    """The same for the same wish: tells an edit of the spec from a change behind our back."""
    text = json.dumps(wish.canonical().to_json(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
