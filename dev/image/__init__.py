"""The operator's image: built, kept as an archive, pushed. Nothing here needs more than Python itself."""
