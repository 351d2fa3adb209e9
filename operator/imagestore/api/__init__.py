"""Pure: one file a kind, what users write and what the operator answers."""
