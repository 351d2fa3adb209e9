"""The way of one object: what changed, what is worked on next, and what came of it."""
