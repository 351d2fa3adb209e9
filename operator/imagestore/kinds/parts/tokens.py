"""Tokens that approve a hold."""

import secrets


def approval_token() -> str:
    """Ten random hexadecimal digits of which the first is a letter.

    YAML reads that as a string without quotes. One token in fifty was a number in `spec.approve`, and refused as one.
    """
    return secrets.choice("abcdef") + secrets.token_hex(5)[1:]
