"""The one place where the shell is bound to what decides."""

from imagestore.backends.registry import connect
from imagestore.backends.secrets import ConfigError
from imagestore.controller.stores import Connecting
from imagestore.k8s.life.wiring import Composition
from imagestore.kinds import ALL

PRODUCTION = Composition(ALL, Connecting(connect, (ConfigError,)))
