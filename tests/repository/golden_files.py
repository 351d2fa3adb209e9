"""Writes the golden repositories. Run once for a format version: ``python -m tests.repository.golden_files``."""

import base64
import json
from hashlib import sha256
from typing import Any

from tests.repository.test_format import GOLDEN, files_of
from tests.repository.world import World


def main() -> None:
    """Two backups of a small bucket, plain and sealed."""
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
        files = {k: base64.b64encode(v).decode() for k, v in files_of(world).items()}
        (GOLDEN / f"{name}.json").write_text(json.dumps(files, indent=1) + "\n")
        expected[name] = found
    (GOLDEN / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
