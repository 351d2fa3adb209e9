"""What the operator would do with manifests: its own planning, run once, without writes."""
