"""What is written to the API server: finalizers, statuses and Events."""
