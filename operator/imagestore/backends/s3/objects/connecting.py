"""The objects of a store without its settings, for who moves data and asks for nothing else.

The settings of a bucket, botocore and its model of S3 took 0.5 s of CPU at each start of a copy.
"""

from imagestore.backends.cloud import ConnectionRequest
from imagestore.backends.guard.guarded import Guard
from imagestore.backends.http.errors import HttpError
from imagestore.backends.objects import ObjectStore
from imagestore.backends.s3.objects.store import S3Objects
from imagestore.backends.s3.profiles.kept import OBJECT_DIALECTS
from imagestore.backends.s3.reaching import keys_of, store_target
from imagestore.backends.secrets import ConfigError


def connect_s3_objects(request: ConnectionRequest) -> ObjectStore:
    """See ``cloud.Cloud.objects``."""
    guard = Guard.of(request.spec.limits, request.timing, request.observer)
    try:
        target = store_target(request, keys_of(request.given.store))
        dialect = OBJECT_DIALECTS[request.spec.provider]
        return S3Objects(request.name, target, dialect, guard.perform(background=True))
    except HttpError as error:
        raise ConfigError(str(error)) from None
