"""What is asked of the store as a whole."""
