"""The manifests of a GitOps repository: read strictly, with the line of everything that is wrong."""
