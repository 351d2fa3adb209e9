"""A repository in a bucket: its files, how it is opened, and the runs that work on it."""
