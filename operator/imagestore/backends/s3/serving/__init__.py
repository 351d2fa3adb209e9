"""The settings that decide how a bucket is used and told apart."""
