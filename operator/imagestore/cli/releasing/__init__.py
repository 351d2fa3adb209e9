"""Releasing objects: the operator's finalizer is removed, no bucket is changed."""
