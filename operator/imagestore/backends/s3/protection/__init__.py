"""The settings that decide who may do what to what is in a bucket."""
