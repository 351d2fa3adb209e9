"""Jobs that carry out runs: their manifests, and the API server that has them."""
