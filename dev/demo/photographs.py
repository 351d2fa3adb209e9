"""Real photographs for the first act, cut out of the one that matplotlib's wheel ships; and a shop's inventory."""

import hashlib
import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

from matplotlib import get_data_path
from PIL import Image, ImageOps

from dev.stores import Store

_PORTRAIT = Path("sample_data/grace_hopper.jpg")  # a photograph of the U.S. Navy, in the public domain
_SIZE = (320, 400)


def photographs(count: int) -> dict[str, bytes]:
    """JPEGs by key: every third below ``public/``, the others below ``drafts/``. The same ones each time."""
    chance = random.Random(1)  # noqa: S311 - it only cuts pictures
    with Image.open(Path(get_data_path()) / _PORTRAIT) as portrait:
        whole = portrait.convert("RGB")
    return {f"{'drafts' if i % 3 else 'public'}/{i:02}.jpg": _cut(whole, chance) for i in range(count)}


def _cut(whole: Image.Image, chance: random.Random) -> bytes:
    left, top = (chance.randrange(side - cut) for side, cut in zip(whole.size, _SIZE, strict=True))
    part = whole.crop((left, top, left + _SIZE[0], top + _SIZE[1]))
    written = BytesIO()
    (ImageOps.mirror(part) if chance.random() < 0.5 else part).save(written, "JPEG", quality=90)
    return written.getvalue()


def upload(store: Store, bucket: str, chosen: Mapping[str, bytes]) -> None:
    """Put the pictures into a bucket."""
    s3 = store.s3()
    for key, content in chosen.items():
        s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="image/jpeg")


def returned(store: Store, bucket: str, chosen: Mapping[str, bytes]) -> int:
    """How many come back with the hash that they were sent with, and can be decoded as pictures."""
    s3 = store.s3()
    read = {key: bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in chosen}
    same = [
        key for key in chosen if hashlib.sha256(read[key]).digest() == hashlib.sha256(chosen[key]).digest()
    ]
    return sum(_decodes(read[key]) for key in same)


def _decodes(content: bytes) -> bool:
    with Image.open(BytesIO(content)) as picture:
        picture.load()
        return picture.size == _SIZE


def inventory(day: date, count: int) -> Iterator[str]:
    """The lines of an inventory of a growing shop: originals of up to 60 MB and their previews, of two years until ``day``."""
    chance = random.Random(2)  # noqa: S311 - it only invents ages and sizes
    yield "key,size,lastModified"
    for number in range(count):
        written = day - timedelta(days=int(730 * chance.random() ** 1.5))
        folder, least, most = (
            ("previews", 20_000, 200_000) if number % 3 else ("originals", 8_000_000, 60_000_000)
        )
        yield f"{folder}/{number:06}.jpg,{chance.randrange(least, most)},{written}T12:00:00Z"
