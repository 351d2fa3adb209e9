"""`python -m dev.bench.calls`: what one call to a store costs, by boto3 and by the operator's own transport."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from dev.stores import Store, minio
from imagestore.backends.s3.client import Keys, StoreTarget
from imagestore.backends.s3.transport.call import s3_call

_CALLS, _ROUNDS, _BUCKET = 200, 7, "calls"
_RULES = [
    {"ID": name, "Status": "Enabled", "Filter": {"Prefix": f"{name}/"}, "Expiration": {"Days": 30}}
    for name in ("thumbs", "drafts")
]
_TAGS = {"Tagging": {"TagSet": [{"Key": "team", "Value": "shop"}]}}


def main() -> None:
    """Both in turns, so that whatever else the machine does hits both."""
    with tempfile.TemporaryDirectory(prefix="imagestore-calls-") as folder, minio(Path(folder)) as store:
        print("operation                         boto3 ms CPU   ours ms CPU   ratio (least to most)")
        for name, theirs, ours in _pairs(store):
            rounds = [(_cpu(theirs), _cpu(ours)) for _ in range(_ROUNDS)]
            ratios = sorted(a / b for a, b in rounds)
            boto, own = (statistics.median(r[i] for r in rounds) for i in (0, 1))
            middle = statistics.median(ratios)
            print(f"{name:32} {boto:13.2f} {own:13.2f}   {middle:.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})")


def _pairs(store: Store) -> Iterator[tuple[str, Callable[[], Any], Callable[[], Any]]]:
    boto = store.s3()
    call = s3_call(StoreTarget(store.endpoint, store.region, Keys(store.access_key, store.secret_key)))
    boto.create_bucket(Bucket=_BUCKET)
    lifecycle = {"LifecycleConfiguration": {"Rules": _RULES}}
    cases: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
        ("PutBucketTagging", boto.put_bucket_tagging, _TAGS),
        ("GetBucketTagging", boto.get_bucket_tagging, {}),
        ("PutBucketLifecycleConfiguration", boto.put_bucket_lifecycle_configuration, lifecycle),
        ("GetBucketLifecycleConfiguration", boto.get_bucket_lifecycle_configuration, {}),
        ("GetBucketVersioning", boto.get_bucket_versioning, {}),
    ]
    for name, method, more in cases:
        parameters = {"Bucket": _BUCKET, **more}
        yield name, partial(method, **parameters), partial(call, name, parameters)


def _cpu(do: Callable[[], Any]) -> float:
    """Milliseconds of CPU for each call."""
    do()
    began = time.process_time()
    for _ in range(_CALLS):
        do()
    return (time.process_time() - began) / _CALLS * 1000


if __name__ == "__main__":
    main()
