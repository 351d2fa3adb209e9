"""Writes the golden repositories. Run once for a format version: ``python -m tests.repository.golden_files``."""

import base64
import json
from hashlib import sha256
from typing import Any

from imagestore.repository.checking.heal import heal
from imagestore.repository.removing.options import PruneOptions
from imagestore.repository.removing.prune import prune
from imagestore.repository.removing.retention import Forgetting
from imagestore.repository.store.view import rows_of
from tests.repository.test_format import GOLDEN, files_of
from tests.repository.world import World


def main() -> None:
    """A small bucket, plain and sealed: a backup, one that was forgotten, and an entry that was moved."""
    expected: dict[str, Any] = {}
    GOLDEN.mkdir(exist_ok=True)
    for name, sealed in (("plain", False), ("sealed", True)):
        world, found = World(sealed=sealed), {}
        world.put(
            "a.png",
            b"first",
            headers={"content-type": "image/png"},
            metadata={"artist": "Zoë"},
            tags={"t": "1"},
        )
        world.put("\udcff.png", b"second")
        world.put("empty", b"")
        for content in (b"third", b"fourth"):
            world.put("b.png", content)
            root = world.back_up()
            found[root.name] = {k: sha256(v).hexdigest() for k, v in world.content().items()}
        rows = [row for row in rows_of(world.opened(), root) if row.key == "a.png"]
        heal(world.opened(), rows, world.end)  # an entry that was moved
        old = min(found)
        prune(world.opened(), PruneOptions(Forgetting(names=frozenset({old}))))  # a list of condemned files
        del found[old]
        files = {k: base64.b64encode(v).decode() for k, v in files_of(world).items()}
        (GOLDEN / f"{name}.json").write_text(json.dumps(files, indent=1) + "\n")
        expected[name] = found
    (GOLDEN / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
