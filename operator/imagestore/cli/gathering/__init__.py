"""What a command works on besides manifests: the cluster's objects, credentials, and connections to stores."""
