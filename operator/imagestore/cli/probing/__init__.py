"""What `imagestore backend probe` is made of."""
