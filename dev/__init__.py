"""What developers run beside the operator.

``programs`` fetches and builds, ``cluster`` is a local Kubernetes API, ``stores`` are object stores, ``node`` runs pods.
``testing`` and ``mutants`` are about the tests, ``architecture`` draws the imports. ``demo``, ``bench``, ``soak``,
``image`` and ``live`` are targets of the Makefile.
"""
