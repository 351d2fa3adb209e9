"""The shell without kopf: one reconcile per kind, from a situation to an outcome."""
