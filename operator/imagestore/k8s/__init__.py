"""The edge to Kubernetes: kopf, a client of the API beside it, and what turns events into reconciles.

``operator`` is the life of one replica, ``wiring`` its parts, ``brain`` what decides in them. On the way of one
object: ``handlers`` or ``watch`` → ``triggers`` → ``queue`` → ``dispatcher`` → ``worker`` → ``writer``.
"""
