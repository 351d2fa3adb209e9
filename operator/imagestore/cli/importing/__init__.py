"""Writing the manifest of an existing bucket."""
