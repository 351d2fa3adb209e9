"""Manifests as the operator's source without a cluster, and what has become of them for a person or a program."""
