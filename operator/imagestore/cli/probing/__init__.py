"""The report of `imagestore backend probe`."""
