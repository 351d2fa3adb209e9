"""The operator without a cluster: a folder of manifests says what is desired, and a state folder keeps what has become of it.

The controller and the kinds are those of the cluster. What is here does what an API server does for them: it keeps objects, with
their finalizers, generations and statuses.
"""
