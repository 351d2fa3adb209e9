"""Reading manifests strictly: every problem is reported with its file and line."""
