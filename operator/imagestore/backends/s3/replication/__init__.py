"""Replication that the store carries out: rules, the targets that MinIO needs for them, and what the store tells of it."""
