"""imagestore: keeps image storage the way its YAML says.

The layers, from the shell to the core (import-linter keeps them)::

    cli > k8s, crdgen > reconcile > backends > metrics > api > facets > core
"""

__version__ = "0.1.0"

GROUP = "imagestore.dev"
VERSION = "v1alpha1"
