"""Change one place of the pure code at a time, and see whether a unit test notices."""
