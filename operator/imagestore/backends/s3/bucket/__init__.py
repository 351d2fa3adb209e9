"""What is asked of, and done to, a whole bucket."""
