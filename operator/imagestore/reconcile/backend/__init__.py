"""The reconcile of a StorageBackend."""
