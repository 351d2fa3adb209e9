"""Forget backups and remove what no backup needs, without a lock and beside running backups."""
