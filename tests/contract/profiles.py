"""`python -m tests.contract.profiles`: probe the servers that have no profile of their own, and keep what was found.

The suite runs with these profiles, and compares each with a fresh probe.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from dev.stores import FACTORIES
from imagestore.api.s3 import S3Profile
from imagestore.api.samples import KMS_KEY, SAMPLES
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.probe.run import Probe
from imagestore.backends.s3.profiles.declared import profile
from imagestore.backends.trial import TrialReport, TrialRequest
from imagestore.cli.probing.report import document
from imagestore.core.reading import Support

FOLDER = Path(__file__).with_name("probed")
PRODUCTS = ("VersityGW", "rclone")


def declared(product: str) -> S3Profile:
    """What was found out about a server, as a StorageBackend has it."""
    text = (FOLDER / f"{product.lower()}.yaml").read_text()
    return S3Profile.model_validate(yaml.safe_load(text)["profile"])


def supports(product: str) -> Mapping[str, Support]:
    """The same as the operator takes it."""
    return profile(declared(product)).support


def probed(backend: S3Backend, bucket: str) -> TrialReport:
    """A fresh probe, on a bucket of its own."""
    return Probe(backend, TrialRequest(bucket, SAMPLES, create=True, kms_key=KMS_KEY)).run()


def main() -> None:
    """A file a server."""
    from tests.contract.stores import connected

    FOLDER.mkdir(exist_ok=True)
    for product in PRODUCTS:
        with tempfile.TemporaryDirectory() as folder, FACTORIES[product.lower()](Path(folder)) as store:
            backend = connected(store)
            found = probed(backend, "imagestore-probe")
        (FOLDER / f"{product.lower()}.yaml").write_text(document(backend, found.support))
        print(product, *found.alarms, found.left)


if __name__ == "__main__":
    main()
