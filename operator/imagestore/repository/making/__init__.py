"""Make a backup: compare a listing with the last backup, read what changed, write packs, leaves and a root."""
