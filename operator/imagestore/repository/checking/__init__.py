"""Prove that a backup can be restored: look at files, tables and bytes, and restore a sample."""
