"""Any picture that a person brings, as the small square that an image encoder looks at; or one line why not."""

from __future__ import annotations

import io
import threading
import warnings

import numpy as np

from ..errors import PictureRefused
from ..frame import Pixels

SIDE = 224
"""Pixels of a side: what the image encoders of published IP-Adapters look at."""
FILE_LIMIT_BYTES = 20 << 20
PIXEL_LIMIT = 50_000_000
"""Decoded it takes three bytes each; a camera's pictures are smaller."""
FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
OTHER_KINDS = (
    (b"GIF8", 0, "a GIF"),
    (b"II*\0", 0, "a TIFF"),
    (b"MM\0*", 0, "a TIFF"),
    (b"ftypavif", 4, "an AVIF"),
    (b"ftyphei", 4, "a HEIC"),
    (b"ftypmif1", 4, "a HEIC"),
    (b"<svg", 0, "an SVG"),
    (b"%PDF", 0, "a PDF"),
    (b"8BPS", 0, "a Photoshop"),
)
"""What a file begins with, from which byte on, and what it is then."""
BACKGROUND = (255, 255, 255)
"""Behind what lets through."""
_one_at_a_time = threading.Lock()
"""A picture of 50 million pixels takes some hundred megabytes while it is read; many are brought in at once."""


def decoded(raw: bytes, name: str) -> Pixels:
    """The middle of a picture, RGB uint8 `[224, 224, 3]`, upright as its EXIF data says; nothing else of it is kept.

    Args:
        raw: a file.
        name: for messages.
    Raises:
        PictureRefused: it is too large, no picture of a kind that is taken, or damaged.
    """
    if len(raw) > FILE_LIMIT_BYTES:
        raise PictureRefused(f"{name} is larger than {FILE_LIMIT_BYTES >> 20} MB, the most of a reference picture.")
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its size, which is looked at here, and of damaged EXIF data
            with Image.open(io.BytesIO(raw), formats=FORMATS) as opened:
                width, height = opened.size
                if width * height > PIXEL_LIMIT or min(width, height) < 1:
                    raise PictureRefused(
                        f"{name} has {width} x {height} pixels; a reference picture has at most "
                        f"{PIXEL_LIMIT // 1_000_000} million."
                    )
                opened.draft("RGB", (2 * SIDE, 2 * SIDE))  # of a large JPEG no more than is needed
                picture: Image.Image = opened
                if opened.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off at 255
                    picture = Image.fromarray((np.asarray(opened) >> 8).astype(np.uint8))
                    picture.info = opened.info
                if (times := min(picture.size) // (2 * SIDE)) > 1 and picture.mode in ("L", "RGB", "RGBA", "CMYK"):
                    picture = picture.reduce(times)  # all that follows takes as long as it has pixels
                return _square(ImageOps.exif_transpose(picture).convert("RGBA"))
    except PictureRefused:
        raise
    except Image.DecompressionBombError:
        raise PictureRefused(f"{name} has far too many pixels for a reference picture.") from None
    except UnidentifiedImageError:
        raise PictureRefused(f"{name} is {_other_kind(raw)}. Use a PNG, JPEG, WebP or BMP file.") from None
    except Exception as error:  # a hostile file can make the reader fail in any way
        raise PictureRefused(
            f"{name} is cut short or damaged ({type(error).__name__}). Save or copy it again."
        ) from None


def _other_kind(raw: bytes) -> str:
    """What a file is that is none of `FORMATS`, from its first bytes."""
    if not raw:
        return "empty"
    kind = next((kind for mark, place, kind in OTHER_KINDS if raw[place : place + len(mark)] == mark), "")
    return f"{kind} file, which is not taken" if kind else "no picture"


def square(pixels: Pixels) -> Pixels:
    """The middle of a frame, RGB uint8 `[H, W, 3]`, in the same size."""
    from PIL import Image

    return _square(Image.fromarray(pixels).convert("RGBA"))


def _square(picture: object) -> Pixels:
    from PIL import Image, ImageOps

    fitted = ImageOps.fit(picture, (SIDE, SIDE), Image.Resampling.BICUBIC)  # type: ignore[arg-type]
    opaque = Image.new("RGBA", fitted.size, (*BACKGROUND, 255))
    opaque.alpha_composite(fitted)
    return np.asarray(opaque.convert("RGB"), dtype=np.uint8).copy()
