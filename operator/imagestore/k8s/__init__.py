"""The edge to Kubernetes.

``api`` reaches the API server, ``source`` tells the controller what changed there, ``sink`` writes what the controller
decided, ``life`` is one replica from its start to its end.
"""
