"""Names as users write them, with messages for malformed ones."""

from typing import Annotated

from pydantic import Field

from imagestore.core.model import Cel, Form

Namespace = Annotated[
    str,
    Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"),
    Form(
        "a namespace has lower-case letters, digits and hyphens, no * and no dots; list"
        " every namespace, or use a selector"
    ),
]
Url = Annotated[
    str,
    Field(min_length=8, max_length=512, pattern=r"^https?://[^/?#\s@]+/?$"),
    Form("write an address such as https://s3.example:9000, without a path, a query or credentials"),
]
BucketName = Annotated[
    str,
    Field(min_length=3, max_length=63, pattern=r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$"),
    Form(
        "a bucket's name has lower-case letters, digits, hyphens and dots, and begins and ends with a letter or"
        " digit"
    ),
    Cel(
        "!self.contains('..') && !self.contains('.-') && !self.contains('-.')",
        "a dot in a bucket's name stands between letters or digits; remove the dots or hyphens beside it",
    ),
    Cel(
        "!self.matches(r'^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$')",
        "a bucket's name must not look like an IP address; put a word in front",
    ),
    Cel(
        "!(self.startsWith('xn--') || self.startsWith('sthree-') || self.startsWith('amzn-s3-demo-'))",
        "bucket names that begin with xn--, sthree- or amzn-s3-demo- are reserved by S3; begin with another word",
    ),
    Cel(
        "!(self.endsWith('-s3alias') || self.endsWith('--ol-s3') || self.endsWith('.mrap') ||"
        " self.endsWith('--x-s3') || self.endsWith('--table-s3'))",
        "bucket names that end with -s3alias, --ol-s3, .mrap, --x-s3 or --table-s3 are reserved by S3; end with"
        " another word",
    ),
]
