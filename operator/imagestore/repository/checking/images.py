"""Whether an image decodes: every pixel of it, with a bound on how many."""

import io
import warnings
from enum import StrEnum

from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 200_000_000
UNDECODABLE = "undecodable"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".jp2", ".ico")


class Decoded(StrEnum):
    """What decoding an object told."""

    WHOLE = "Whole"
    BROKEN = "Broken"
    NO_IMAGE = "NoImage"
    TOO_LARGE = "TooLarge"  # more pixels than are decoded; proves nothing


def decode(key: str, content: bytes) -> Decoded:
    """Decode an object, if it is an image: by its bytes, or by the end of its key."""
    if content[128:132] == b"DICM":
        return _dicom(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _picture(content)
    except UnidentifiedImageError:
        return Decoded.BROKEN if key.lower().endswith(IMAGE_SUFFIXES) else Decoded.NO_IMAGE
    except Image.DecompressionBombError:
        return Decoded.TOO_LARGE
    except Exception:  # noqa: BLE001  Pillow's decoders raise whatever a broken file leads them to
        return Decoded.BROKEN


def _picture(content: bytes) -> Decoded:
    """``load`` decodes every pixel; ``verify`` does not."""
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            return Decoded.TOO_LARGE
        image.load()
    return Decoded.WHOLE


def _dicom(content: bytes) -> Decoded:
    """All elements, and as many pixel bytes as the header tells where they are not compressed."""
    import pydicom  # half a second and 30 MB that only these need
    from pydicom.errors import InvalidDicomError

    try:
        found = pydicom.dcmread(io.BytesIO(content))
        if "PixelData" not in found:
            return Decoded.WHOLE
        syntax = found.file_meta.TransferSyntaxUID
        frames = int(found.get("NumberOfFrames", 1) or 1)
        samples = int(found.get("SamplesPerPixel", 1))
        wanted = int(found.Rows) * int(found.Columns) * samples * frames * int(found.BitsAllocated) // 8
        whole = syntax.is_compressed or len(found.PixelData) >= wanted
    except (InvalidDicomError, AttributeError, EOFError, ValueError, TypeError, KeyError, OSError):
        return Decoded.BROKEN
    return Decoded.WHOLE if whole else Decoded.BROKEN


def note_undecodable(key: str, content: bytes) -> str:
    """The note of a row, so that a drill does not blame the backup for an image that was broken at the source."""
    return UNDECODABLE if decode(key, content) is Decoded.BROKEN else ""
