"""The one place where the shell is bound to what decides."""

from imagestore.backends.registry import connect
from imagestore.backends.secrets import ConfigError
from imagestore.k8s.stores import Connecting
from imagestore.k8s.wiring import Brain
from imagestore.k8s.worker import Reconcilers
from imagestore.reconcile.backend.reconcile import reconcile as backend
from imagestore.reconcile.bucket.reconcile import reconcile as bucket

REAL = Brain(Reconcilers(bucket, backend), Connecting(connect, (ConfigError,)))
