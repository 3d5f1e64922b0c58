"""Backups: a copy of the database as it is at one moment, and the photos, in a folder that can be checked and put back.

A backup is `‹UTC stamp›/` with the database, the messages that wait for one, `manifest.json` with the digest of
everything, and `manifest.seal`, the manifest's own digest under our keys: so that a backup that is torn or was changed
is seen before anything is touched. Photos lie in `photos/`, each once by its digest, however many backups have it.

The keys are in no backup. Without them it cannot be opened.
"""

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from storage import copying, schema
from storage.copying import Content, CopyFailed, sync_folder
from storage.database import Database
from storage.sealing import CannotOpen, Keys

MANIFEST, SEAL = "manifest.json", "manifest.seal"
STAMP = "%Y%m%dT%H%M%SZ"
PHOTOS, SPOOL = "photos", "spool"
DATABASE_FILES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
_COLUMN = "backup"
_BLOCK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BackupFailed(Exception):
    """There is no backup, or it cannot be put back. The words say why and what to do."""


def _inside(path: str) -> str:
    if re.fullmatch(r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*", path) is None:
        raise ValueError("outside the folder")
    return path


Inside = Annotated[str, AfterValidator(_inside)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What is in a backup. Digests are SHA-256; photos and waiting messages are by their path below `data`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    engine: Literal["sqlite", "postgresql"]
    version: str
    made_at: datetime
    database: Digest
    rows: Mapping[str, int]
    photos: Mapping[Inside, Digest]
    spool: Mapping[Inside, Digest]

    @property
    def content(self) -> Content:
        return Content(self.version, self.rows)

    @property
    def database_file(self) -> str:
        return DATABASE_FILES[self.engine]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is whole: as far as its seal says."""

    folder: Path
    manifest: Manifest

    @property
    def bytes(self) -> int:
        """Of the database's copy."""
        return (self.folder / self.manifest.database_file).stat().st_size


@dataclass(frozen=True, slots=True)
class Backups:
    """A folder of backups, one of which is made at a time."""

    folder: Path

    def make(self, database: Database, keys: Keys, data: Path, now: datetime) -> Backup:
        """Makes a backup while the program runs: all of it or nothing. Raises `BackupFailed`.

        Messages that wait for the database are copied before it, and photos after it: whatever is handled or arrives
        meanwhile is in one of the two at least, and a message that is in both has one effect.
        """
        with self._alone():
            stamp = now.astimezone(UTC).strftime(STAMP)
            if (self.folder / stamp).exists():
                raise BackupFailed(f"{self.folder / stamp} 已经有了 / is there already")
            draft = self.folder / f".{stamp}.part"
            draft.mkdir()
            manifest = self._fill(draft, database, data, now)
            _write_manifest(draft, manifest, keys)
            sync_folder(draft)
            draft.rename(self.folder / stamp)
            sync_folder(self.folder)
        return Backup(self.folder / stamp, manifest)

    def latest(self) -> datetime | None:
        """When the newest backup was made."""
        return max((moment for moment, _ in self._made()), default=None)

    def remove_old(self, now: datetime, keep: timedelta) -> list[str]:
        """Removes backups older than `keep`, but never the newest, and photos that are in none any more."""
        with self._alone():
            made = sorted(self._made())
            old = [folder for moment, folder in made[:-1] if moment < now - keep]
            for folder in old:
                shutil.rmtree(folder)
            if old:
                self._remove_unused_photos()
        return [folder.name for folder in old]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two at once would remove each other's drafts. What a crash left half done is removed."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupFailed("正在备份,请等它做完 / another backup is being made") from None
            for left in self.folder.glob(".*.part"):
                shutil.rmtree(left)
            yield

    def _made(self) -> Iterator[tuple[datetime, Path]]:
        for folder in self.folder.glob("*Z") if self.folder.is_dir() else ():
            if re.fullmatch(r"\d{8}T\d{6}Z", folder.name) and (folder / SEAL).exists():
                yield datetime.strptime(folder.name, STAMP).replace(tzinfo=UTC), folder

    def _fill(self, draft: Path, database: Database, data: Path, now: datetime) -> Manifest:
        engine: Literal["sqlite", "postgresql"] = "sqlite" if database.is_sqlite else "postgresql"
        spool = _copy_files(data / SPOOL, draft / SPOOL)
        target = draft / DATABASE_FILES[engine]
        try:
            content = copying.copy_out(database, target)
        except CopyFailed as failure:
            raise BackupFailed(f"数据库没有备份成 / the database could not be copied: {failure}") from None
        return Manifest(
            engine=engine,
            version=content.version,
            made_at=now,
            database=digest_of(target),
            rows=content.rows,
            photos=dict(self._keep_photos(data / PHOTOS)),
            spool=spool,
        )

    def _keep_photos(self, source: Path) -> Iterator[tuple[str, str]]:
        for path in _files(source):
            try:
                yield path.relative_to(source).as_posix(), self._keep(path)
            except FileNotFoundError:  # removed while we were on our way to it: nobody refers to it any more
                continue

    def _keep(self, path: Path) -> str:
        """A copy and no link: what happens to the one must not happen to the other."""
        named = path.stem if _DIGEST.fullmatch(path.stem) else None
        if named is not None and _same_size(self._photo(named), path):
            return named
        digest = digest_of(path)
        kept = self._photo(digest)
        if not _same_size(kept, path):
            kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _copy_durably(path, kept)
        return digest

    def _photo(self, digest: str) -> Path:
        return self.folder / PHOTOS / digest[:2] / digest

    def _remove_unused_photos(self) -> None:
        try:
            manifests = [Manifest.model_validate_json((folder / MANIFEST).read_bytes()) for _, folder in self._made()]
        except (OSError, ValidationError):  # a backup that we cannot read may need any of them
            return
        used = {digest for manifest in manifests for digest in manifest.photos.values()}
        for path in _files(self.folder / PHOTOS):
            if path.name not in used:
                path.unlink()


def read(folder: Path, keys: Keys) -> Backup:
    """A backup whose manifest is as it was sealed. Raises `BackupFailed`."""
    try:
        written = (folder / MANIFEST).read_bytes()
        seal = (folder / SEAL).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise BackupFailed(f"{folder} 不是完整的备份 / is no whole backup") from None
    try:
        expected = keys.open(seal, _COLUMN)
    except CannotOpen:
        raise BackupFailed(
            f"打不开:备份是用密钥 {_key_name(seal)} 封的,现在的密钥是 {', '.join(keys.ciphers)} / "
            "sealed with other keys, or changed: put back the keys of that time"
        ) from None
    if hashlib.sha256(written).hexdigest() != expected:
        raise BackupFailed(f"{folder / MANIFEST} 被改过 / was changed")
    try:
        return Backup(folder, Manifest.model_validate_json(written))
    except ValidationError:
        raise BackupFailed(f"{folder} 是别的版本做的备份 / was made by another version of the program") from None


def verify(backup: Backup) -> None:
    """Makes sure that everything is there as it was. Raises `BackupFailed` with the first that is not."""
    manifest, folder = backup.manifest, backup.folder
    wanted = {folder / manifest.database_file: manifest.database}
    wanted |= {folder / SPOOL / path: digest for path, digest in manifest.spool.items()}
    wanted |= {photo_of(backup, digest): digest for digest in manifest.photos.values()}
    for path, digest in wanted.items():
        if not path.is_file():
            raise BackupFailed(f"备份里少了 {path} / is missing")
        if digest_of(path) != digest:
            raise BackupFailed(f"备份里的 {path} 坏了或被改过 / is damaged or was changed")


def photo_of(backup: Backup, digest: str) -> Path:
    """Where a photo of a backup is."""
    return backup.folder.parent / PHOTOS / digest[:2] / digest


def restore(backup: Backup, database: Database, keys: Keys, data: Path, now: datetime, *, force: bool) -> Path | None:
    """Puts a backup in the place of what is there: all of it or nothing. Gives where a database that was there is now.

    Raises `BackupFailed`, and `DatabaseInUse` where the program runs. Photos that are there already stay.
    """
    _refuse_what_does_not_fit(backup, database)
    database.claim()
    occupied = _is_occupied(database)
    if occupied and not force:
        raise BackupFailed(
            "那里已经有一个数据库,要换掉它请加 --force / there is a database already: "
            "--force puts the backup in its place"
        )
    verify(backup)
    _put_back_files(backup, data)
    if database.is_sqlite:
        return _put_back_file(backup, database, keys, now)
    _put_back_dump(backup, database, now, replace=occupied)
    return None


def _is_occupied(database: Database) -> bool:
    return not database.is_missing if database.is_sqlite else bool(copying.content_of(database).rows)


def _refuse_what_does_not_fit(backup: Backup, database: Database) -> None:
    engine = "sqlite" if database.is_sqlite else "postgresql"
    if backup.manifest.engine != engine:
        raise BackupFailed(
            f"备份是 {backup.manifest.engine} 的,设置里的数据库是 {engine} / "
            "the backup is of the other kind of database"
        )
    if backup.manifest.version > schema.newest():
        raise BackupFailed("备份比程序新,请先更新程序 / the backup is newer than this program: update it first")
    if not database.is_sqlite and copying.others_connected(database):
        raise BackupFailed(
            "还有程序连着这个数据库,请先都停下 / other programs are connected to this database: stop them first"
        )


def _put_back_file(backup: Backup, database: Database, keys: Keys, now: datetime) -> Path | None:
    """Everything is tried on a copy beside the database before it takes its place."""
    file = database.file
    assert file is not None
    aside = file.with_name(f"{file.name}.{now.astimezone(UTC).strftime(STAMP)}") if file.exists() else None
    staged = file.with_name(f"{file.name}.restoring")
    try:
        shutil.copyfile(backup.folder / backup.manifest.database_file, staged)
        _check_content(copying.content_of_file(staged), backup)
        with closing(Database(f"sqlite:///{staged}", keys)) as opened:
            _make_ready(opened, backup, now)
        copying.replace_file(staged, file, aside)
    except CopyFailed as failure:
        raise BackupFailed(f"备份里的数据库坏了 / the database in the backup is damaged: {failure}") from None
    finally:
        for left in (staged, *copying.beside(staged)):
            left.unlink(missing_ok=True)
    return aside


def _put_back_dump(backup: Backup, database: Database, now: datetime, *, replace: bool) -> None:
    more = set(copying.content_of(database).rows) - set(backup.manifest.rows) if replace else set()
    if more:
        raise BackupFailed(
            f"那里有备份里没有的表,请换一个空库:{', '.join(sorted(more))} / it has tables that the backup has not: "
            "restore into an empty database"
        )
    try:
        copying.load_dump(database, backup.folder / backup.manifest.database_file, replace=replace)
    except CopyFailed as failure:
        raise BackupFailed(f"没有恢复,数据库还是原样 / nothing was restored: {failure}") from None
    _check_content(copying.content_of(database), backup)
    _make_ready(database, backup, now)


def _check_content(found: Content, backup: Backup) -> None:
    if found != backup.manifest.content:
        raise BackupFailed("恢复出来的和备份时的行数不一样 / the numbers of rows are not those of the backup")


def _make_ready(database: Database, backup: Backup, now: datetime) -> None:
    """Older databases have no place to note it: what waited in them is sent."""
    if backup.manifest.version != schema.newest():
        return
    with database.begin() as store:
        copying.forget_that_time(store, backup.manifest.made_at, now)


def _put_back_files(backup: Backup, data: Path) -> None:
    """Photos are named by what is in them, and a message that comes twice has one effect: more of them does no harm."""
    for path, digest in backup.manifest.photos.items():
        target = data / PHOTOS / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy_durably(photo_of(backup, digest), target)
    for path in backup.manifest.spool:
        target = data / SPOOL / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy_durably(backup.folder / SPOOL / path, target)


def _write_manifest(folder: Path, manifest: Manifest, keys: Keys) -> None:
    written = manifest.model_dump_json(indent=1).encode()
    for name, content in (
        (MANIFEST, written),
        (SEAL, keys.seal(hashlib.sha256(written).hexdigest(), _COLUMN).encode("ascii")),
    ):
        with (folder / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy_files(source: Path, target: Path) -> dict[str, str]:
    """Copies what is in a folder, and gives the digest of each copy."""
    found: dict[str, str] = {}
    for path in _files(source):
        name = path.relative_to(source).as_posix()
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            _copy_durably(path, copy)
        except FileNotFoundError:  # worked off meanwhile: it is in the database, which is copied after this
            continue
        found[name] = digest_of(copy)
    return found


def _files(folder: Path) -> Iterable[Path]:
    """All files below a folder but those that are being written, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".part")


def _same_size(kept: Path, path: Path) -> bool:
    return kept.exists() and kept.stat().st_size == path.stat().st_size


def _copy_durably(source: Path, target: Path) -> None:
    draft = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with source.open("rb") as origin, draft.open("wb") as copy:
            shutil.copyfileobj(origin, copy, _BLOCK)
            copy.flush()
            os.fsync(copy.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _key_name(seal: str) -> str:
    parts = seal.split("~")
    return parts[1] if len(parts) == 3 and parts[1].isalnum() else "?"
