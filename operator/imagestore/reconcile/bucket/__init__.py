"""The reconcile of an ImageBucket."""
