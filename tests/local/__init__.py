"""The operator without a cluster."""
