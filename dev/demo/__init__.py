"""`make demo`: what the operator does, told on a real Kubernetes API, a real object store and real pictures."""
