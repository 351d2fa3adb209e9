"""The settings by which a store reports on a bucket."""
