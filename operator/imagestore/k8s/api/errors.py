"""What may go wrong on the way to the API server."""


class AccessError(Exception):
    """There is no API server or no user to ask it as. The message is a sentence for a person."""
