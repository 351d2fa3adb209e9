"""The machinery that works on objects. It knows neither a kind nor an API server.

A kind is a record (``runtime.KindRuntime``); ``state`` is what is remembered of objects, ``work`` the way of one object
from an event to its outcome: ``triggers`` → ``queue`` → ``dispatcher`` → ``worker``.
"""
