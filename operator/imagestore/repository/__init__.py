"""The backup repository: its format, and what writes, reads, checks and removes. Needs a bucket and the key, nothing else."""
