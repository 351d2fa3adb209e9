"""What ``imagestore transfer`` does."""
