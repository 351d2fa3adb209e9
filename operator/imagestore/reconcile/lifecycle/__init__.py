"""The reconcile of a LifecyclePolicy, and how policies become the rules of a bucket."""
