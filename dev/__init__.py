"""What developers run beside the operator: a local Kubernetes API, object stores, and their programs."""
