"""`python -m tests.backends.record [facet ...]`: write down what the real servers answer to a read of every sample.

Of the facets that are named; of all of them when none is.
The files are what the codec tests read; run it again when a server's version changes, and look at the diff.
"""

import json
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from dev.stores import FACTORIES, tiered_minio
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.settings.setting import LOSSY
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.core.errors import StoreError
from imagestore.core.losses import beyond
from imagestore.core.reading import Level
from tests.contract.destinations import replicating
from tests.contract.profiles import PRODUCTS
from tests.contract.samples import SAMPLES
from tests.contract.stores import MOTO_LACKS, World, connected, encrypted, world

FOLDER = Path(__file__).with_name("recorded")
BUCKET = "recorded"  # stands for the bucket's name in every answer


def main(facets: Collection[str]) -> None:
    """One file a store that has a profile of ours; what it has on other facets stays."""
    FOLDER.mkdir(exist_ok=True)
    ours = {n: f for n, f in FACTORIES.items() if n not in map(str.lower, PRODUCTS)}
    for name, factory in {**ours, "minio": tiered_minio}.items():
        with tempfile.TemporaryDirectory() as folder, factory(Path(folder)) as store:
            answers = record(replicating(store, encrypted(connected(store))), facets)
        path = FOLDER / f"{name}.json"
        kept = json.loads(path.read_text()) if facets and path.exists() else {}
        text = json.dumps(kept | answers, indent=1, sort_keys=True, ensure_ascii=False, default=str)
        path.write_text(text + "\n")
        print(name, sum(map(len, answers.values())))


def record(backend: S3Backend, facets: Collection[str]) -> dict[str, dict[str, Any]]:
    """Facet → sample (and "absent") → the answer, or {"error": code}."""
    lacking = MOTO_LACKS if backend.provider == "AWS" else frozenset[str]()
    held = {f for f, s in backend.support.items() if s.level is not Level.NONE} - lacking
    return {
        row.facet: {
            "absent": _read(world(backend, "versioning" if row.facet == "objectLock" else row.facet), row),
            **{name: _written(world(backend, row.facet), row, name) for name in SAMPLES[row.facet]},
        }
        for row in SETTINGS
        if row.facet in held and (not facets or row.facet in facets)
    }


def _written(at: World, row: Any, sample: str) -> Any:
    if beyond(SAMPLES[row.facet][sample], at.backend.support[row.facet].limits):
        return {"refused": LOSSY}  # by the driver, which has no words for it here
    try:
        at.put(SAMPLES[row.facet][sample])
    except StoreError as error:
        return {"refused": error.code}
    return _read(at, row)


def _read(at: World, row: Any) -> Any:
    try:
        answer = at.asked(row.read)
    except StoreError as error:
        return {"error": error.code}
    answer.pop("ResponseMetadata", None)
    return json.loads(json.dumps(answer, default=str).replace(at.bucket, BUCKET))


if __name__ == "__main__":
    main(sys.argv[1:])
