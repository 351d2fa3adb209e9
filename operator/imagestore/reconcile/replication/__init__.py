"""Reconcile of a ReplicationPolicy."""
