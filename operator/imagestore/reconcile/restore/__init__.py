"""The reconcile of a Restore."""
