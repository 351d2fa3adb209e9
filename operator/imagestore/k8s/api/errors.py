"""What may go wrong on the way to the API server."""


class AccessError(Exception):
    """The API server cannot be found, or asked as anybody; the message is a sentence for a person."""
