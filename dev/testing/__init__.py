"""What a test needs before it runs, and what a unit test may not do."""
