"""The one place where the shell is bound to what decides."""

from imagestore.backends.registry import connect
from imagestore.backends.secrets import ConfigError
from imagestore.controller.assembly import Brain
from imagestore.controller.stores import Connecting
from imagestore.kinds import ALL

REAL = Brain(ALL, Connecting(connect, (ConfigError,)))
