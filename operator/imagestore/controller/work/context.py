"""Which reconcile of which object runs, for what it logs."""

from contextvars import ContextVar

RECONCILE: ContextVar[str] = ContextVar("reconcile", default="")
OBJECT: ContextVar[str] = ContextVar("object", default="")
