"""What is done beside the tables a few times a day: files of photos that nothing means any more go, and the newest
digest of the audit log is logged, so that it stands elsewhere too."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bot.desk import DeskAccess
from bot.photos import VIDEO, Photos
from community import Community
from storage import privacy
from storage.database import DatabaseUnavailable, Store

EVERY_SECONDS = 6 * 3600.0
YOUNG = timedelta(days=1)
"""A file that is younger may be about to be meant by a row."""

DRAWN = "drawn"
log = structlog.get_logger()


class Tidying:
    """Of one process and its folder of photos."""

    def __init__(self, desk: DeskAccess, photos: Photos, clock: Callable[[], datetime]) -> None:
        self._desk, self._photos, self._clock = desk, photos, clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.tidy()
            await asyncio.sleep(EVERY_SECONDS)

    async def tidy(self) -> int:
        """Removes what is not needed; says how many files. Nothing where the database is away."""
        try:
            needed, gone, head = await self._desk.ask(_look)
        except DatabaseUnavailable:
            return 0
        log.info("audit_head", digest=head)
        removed = await asyncio.to_thread(self._remove, needed, gone)
        if removed:
            log.info("photos_removed", count=removed)
        return removed

    def _remove(self, needed: Collection[str], gone: Collection[str]) -> int:
        before = (self._clock() - YOUNG).timestamp()
        unneeded = [path for path in photo_files(self._photos.folder) if _digest(path) not in needed]
        old = [path for path in unneeded if path.stat().st_mtime < before]
        drawn = [path for number in gone for path in (self._photos.folder / DRAWN).glob(f"certificate-{number}.*")]
        for path in (*old, *drawn):
            path.unlink(missing_ok=True)
        return len(old) + len(drawn)


def _look(store: Store, community: Community) -> tuple[frozenset[str], tuple[str, ...], str]:
    """The photos that rows mean, the certificates of those who were forgotten, and the digest."""
    return privacy.all_photos(store), privacy.certificates_of_erased(store), community.audit.head()


def photo_files(folder: Path) -> list[Path]:
    """Photos and videos by their digests: in folders of two characters, and nothing else that lies there."""
    return [path for path in folder.glob("??/*") if path.suffix in (".jpg", VIDEO)]


def _digest(path: Path) -> str:
    return path.name if path.suffix == VIDEO else path.stem
