"""The picture in docs/architecture.md, drawn from the imports."""
