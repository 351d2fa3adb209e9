"""From the models to what is committed: CRDs, RBAC, reference pages, permissions a store must grant."""
