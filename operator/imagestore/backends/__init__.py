"""Object stores. What all have in common is here; what is particular to one kind of store is in its folder.

To add a cloud: a folder with a ``Backend`` (``base``) and a ``Cloud`` record for each of its providers (``cloud``), one line
in ``registry``, one record a provider in ``api/providers``, and a field of the spec that says how its stores are reached.
``tests/clouds`` has the smallest one that works, and ``tests/contract/generic`` what every backend must keep.
"""
