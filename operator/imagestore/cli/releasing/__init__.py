"""Letting objects go: our finalizer is removed, no bucket is touched."""
