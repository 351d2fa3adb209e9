"""Format version 1, byte for byte: docs/repository-format.md. Pure: random bytes and times are passed in."""
