"""What is remembered of objects, and which of them point at which."""
