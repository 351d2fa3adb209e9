"""What ``imagestore backup`` does, on a bucket and a key alone."""
