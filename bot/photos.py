"""Photos and short videos on disk: checked, without what cameras write into them; named by their digest."""

import hashlib
import io
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

LARGEST = 20 * 1024 * 1024
"""Bytes of a photo that is looked at. Telephones make 3 to 12 MB."""

VIDEO = ".mp4"

MARK = ":"
"""In what names a picture that the program draws, and in no digest: see `bot/drawings.py`."""

_COORDINATES = re.compile(rb"[+-]\d{2}(?:\.\d{2,8})?[+-]\d{3}(?:\.\d{2,8})?(?:[+-]\d+(?:\.\d+)?)?/")

LONGEST_SIDE = 2048
"""Pixels: enough to read a meter, and a fifth of the size."""

MOST_PIXELS = 100_000_000
"""A picture that claims to have more is no photo."""


class PhotoRefused(Exception):
    """It is not kept. `problem` names the text that says why: too_large or not_a_photo."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Photos:
    """A folder of photos."""

    folder: Path

    def keep(self, data: bytes) -> str:
        """Keeps a photo or an MP4 video and gives its digest: on disk before anything refers to it.

        Raises `PhotoRefused`.
        """
        if len(data) > LARGEST:
            raise PhotoRefused("too_large")
        is_video = data[4:8] == b"ftyp"
        picture = _without_places(data) if is_video else _redrawn(data)
        digest = hashlib.sha256(picture).hexdigest() + (VIDEO if is_video else "")
        path = self.path(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, picture)
        return digest

    def undecided(self) -> "Photos":
        """Where photos lie of which it cannot be found out just now whether they are for the bot."""
        return Photos(self.folder / "undecided")

    def settle(self, digest: str, *, wanted: bool) -> None:
        """A photo of which it was undecided is kept after all, or removed. What is settled already stays as it is."""
        lies, belongs = self.undecided().path(digest), self.path(digest)
        if not lies.exists():
            return
        if wanted:
            belongs.parent.mkdir(parents=True, exist_ok=True)
            lies.replace(belongs)
        else:
            lies.unlink()

    def path(self, digest: str) -> Path:
        """Where a photo is, or a drawing."""
        if MARK in digest:
            return self.folder / "drawn" / (digest.replace(MARK, "-") + ".png")
        return self.folder / digest[:2] / (digest if digest.endswith(VIDEO) else f"{digest}.jpg")


def _without_places(video: bytes) -> bytes:
    """The same video without the coordinates that telephones write into it (ISO 6709: +22.1234+112.5678/)."""
    return _COORDINATES.sub(lambda found: b"0" * len(found[0]), video)


def _redrawn(data: bytes) -> bytes:
    """The same picture, drawn anew: no place, no camera, no thumbnail survives, and nothing hidden behind it."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # here: many a bot at rest has never seen a picture

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as opened:
                picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ):
        raise PhotoRefused("not_a_photo") from None
    picture.info.clear()  # comment, XMP and colour profile would be written again
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=85)
    return target.getvalue()


def write_durably(path: Path, data: bytes) -> None:
    """All of it or nothing: there is never a half-written file of this name."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
