"""The backup of every night, made by whichever process has its lease."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from bot.backups import Backup, BackupFailed, Backups
from bot.counts import Counts
from storage.database import Database, DatabaseUnavailable
from storage.sealing import Keys

LOOK_SECONDS = 20.0
AGAIN_AFTER = timedelta(hours=1)
"""After a failure. The staff hear of the first."""

log = structlog.get_logger()
Tell = Callable[[], Awaitable[None]]


def last_night(at: time, zone: ZoneInfo, now: datetime) -> datetime:
    """The last moment at which it was that time of day in the zone."""
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), at, zone)
    return today if today <= local else datetime.combine(local.date() - timedelta(days=1), at, zone)


class NightlyBackup:
    """Makes a backup when one is due and removes old ones. A night when the program was down is made up for."""

    def __init__(
        self,
        backups: Backups,
        make: Callable[[datetime], Backup],
        *,
        at: time,
        zone: ZoneInfo,
        keep: timedelta,
        clock: Callable[[], datetime],
        failed: Tell,
        counts: Counts,
    ) -> None:
        """`failed` tells the staff that there is none."""
        self._backups, self._make = backups, make
        self._at, self._zone, self._keep = at, zone, keep
        self._clock, self._failed, self._counts = clock, failed, counts
        self._since = clock()
        self._rest_until = self._since
        self._told = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> bool:
        """Makes a backup if one is due. Whether one was made. Where there is none yet, the first is for next night."""
        now, latest = self._clock(), self._backups.latest()
        if latest is not None:
            self._counts.backup_at = latest.timestamp()
        if now < self._rest_until or (latest or self._since) >= last_night(self._at, self._zone, now):
            return False
        try:
            made = await asyncio.to_thread(self._make, now)
            removed = await asyncio.to_thread(self._backups.remove_old, now, self._keep)
        except (BackupFailed, DatabaseUnavailable, OSError) as error:
            await self._note_failure(error, now)
            return False
        self._told = False
        self._counts.backups_made += 1
        self._counts.backup_at = now.timestamp()
        log.info("backup_made", bytes=made.bytes, photos=len(made.manifest.photos), removed=len(removed))
        return True

    async def _note_failure(self, error: Exception, now: datetime) -> None:
        self._rest_until = now + AGAIN_AFTER
        self._counts.backups_failed += 1
        log.error("backup_failed", error=type(error).__name__)
        if not self._told:
            self._told = True
            await self._failed()


def maker(backups: Backups, url: str, keys: Keys, data: Path) -> Callable[[datetime], Backup]:
    """Makes backups of a database by a connection of its own: in a thread, beside the desk's."""
    return partial(_make, backups, url, keys, data)


def _make(backups: Backups, url: str, keys: Keys, data: Path, now: datetime) -> Backup:
    database = Database(url, keys)
    try:
        return backups.make(database, keys, data, now)
    finally:
        database.close()
