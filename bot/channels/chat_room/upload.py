"""Reading one uploaded photo into memory, and never more than one photo may weigh."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

PHOTO_LIMIT = 20 * 1024 * 1024
_ENVELOPE = 64 * 1024
"""What the form around the photo may weigh."""
_READ_AND_FORGOTTEN = 200 * 1024 * 1024
"""A browser that is still sending does not see an early answer, so this much is read and thrown away first."""


class TooLarge(Exception):
    """The photo is heavier than the limit."""


class NotAPhotoForm(Exception):
    """The request is not a form with a photo."""


@dataclass(frozen=True, slots=True)
class Upload:
    """The form's fields and the photo's bytes."""

    fields: dict[str, str]
    photo: bytes


class _InMemory(MultiPartParser):
    """Starlette puts files over 1 MB on the disk; a photo in a chat must leave no trace there."""

    spool_max_size = PHOTO_LIMIT + _ENVELOPE


async def read_upload(request: Request) -> Upload:
    """Raises `TooLarge` and `NotAPhotoForm`."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise NotAPhotoForm
    parser = _InMemory(request.headers, _limited(request), max_files=1, max_fields=8, max_part_size=4096)
    try:
        form = await parser.parse()
    except (MultiPartException, ClientDisconnect) as error:
        raise NotAPhotoForm from error
    photo = form.get("photo")
    if not isinstance(photo, UploadFile):
        await form.close()
        raise NotAPhotoForm
    content = await photo.read()
    await form.close()
    if len(content) > PHOTO_LIMIT:
        raise TooLarge
    return Upload({name: value for name, value in form.items() if isinstance(value, str)}, content)


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    """The request's body, until it is heavier than a photo may be."""
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen <= PHOTO_LIMIT + _ENVELOPE:
            yield chunk
        elif seen > _READ_AND_FORGOTTEN:
            break
    if seen > PHOTO_LIMIT + _ENVELOPE:
        raise TooLarge
