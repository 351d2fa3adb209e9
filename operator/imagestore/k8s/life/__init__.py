"""One replica: its parts, its Lease, its health and its logs."""
