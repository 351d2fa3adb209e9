"""An existing bucket as a manifest."""
