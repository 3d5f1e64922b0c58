"""What nobody should send and somebody will: each gets a clear answer, and nothing is lost or half-done."""

from pathlib import Path
from typing import Any

import pytest

from bot.channels import pipe
from bot.delivery import Ledger
from bot.desk import Desk
from bot.jobs import JOBS
from bot.photos import PhotoRefused, Photos
from bot.simulate import Simulation
from community.rules import Rules
from storage import grievances
from storage.database import Database
from tests.dialogue import picture

AT = "2026-12-01T09:00:00+08:00"


class Chat:
    """Says things to the whole program and hears its answers."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._heard: list[dict[str, Any]] = []
        self._number = 0
        desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, JOBS)
        self._simulation = Simulation(desk, Photos(folder), Ledger(pipe.NAME, pipe.NAME, None), self._heard.append)

    async def say(self, text: str, **values: Any) -> list[str]:
        """What the sender hears, in the group or alone."""
        self._heard.clear()
        self._number += 1
        line = pipe.Line.model_validate({"at": AT, "from": "resident-3-501", "text": text} | values)
        await self._simulation.play(line, self._number)
        return [each["text"] for each in self._heard if each["to"] in (None, "resident-3-501")]


@pytest.fixture
def chat(database: Database, tmp_path: Path) -> Chat:
    return Chat(database, tmp_path / "photos")


NOT_UNDERSTOOD = ["没太明白。您是要\n1反映问题 2查进度 3找人工"]
TOO_LONG = ["这段太长了,我看不完。请用几句话说,最多2000字。"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3号楼漏水" * 20_000, TOO_LONG),
        ("反映 " + "漏" * 100_000, TOO_LONG),
        ("😀" * 300, NOT_UNDERSTOOD),
        ("\x00", NOT_UNDERSTOOD),
        ("\x07\x1b[31m\x00\u202e", NOT_UNDERSTOOD),
        ("\ud800", NOT_UNDERSTOOD),
        ("'; DROP TABLE grievances; --", NOT_UNDERSTOOD),
        ("{number} {0} %s", NOT_UNDERSTOOD),
        ("查 99999999999999999999", ["没有这个编号,请再看一下。"]),
        ("查 -1", NOT_UNDERSTOOD),
        ("接 １２３４５６７８９０１２３４５６７８９０", ["没有这个编号,请再看一下。"]),
        ("办结", ["没有看到您在办的。哪件办好了请带上编号,比如“办结0012 怎么办的”。"]),
        ("我是 1234", ["这个邀请码不对,或者用过了、过期了。请找管理员再要一个。"]),
    ],
    ids=lambda value: str(value)[:12].encode("ascii", "backslashreplace").decode(),
)
async def test_a_private_message(chat: Chat, text: str, expected: list[str]) -> None:
    assert await chat.say(text) == expected


@pytest.mark.parametrize(
    "text", ["3" * 100_000, "😀" * 5_000, "\x00", "\ud800", "反" * 50_000, "接" + " " * 50_000 + "1"]
)
async def test_a_group_message_that_is_not_for_the_bot(chat: Chat, text: str) -> None:
    assert await chat.say(text, group="天天向善") == []


async def test_a_report_with_marks_that_are_no_text(chat: Chat, database: Database) -> None:
    group, private = await chat.say("@小善 3号楼\x00漏水\x07了\u202e", group="天天向善")
    assert "0001" in group
    assert "3号楼" in private
    with database.begin() as store:
        found = grievances.by_number(store, 1)
    assert found is not None
    assert found.words == "3号楼漏水了"
    (progress,) = await chat.say("查 0001")
    assert "3号楼" in progress


async def test_texts_are_quoted_as_typed_and_never_formatted(chat: Chat) -> None:
    await chat.say("反映 3号楼漏水 {number} {words!r} %s")
    assert "0001" in (await chat.say("查"))[0]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", b"\xff\xd8\xff\xe0 broken", picture()[:300], b"GIF89a"])
def test_a_file_that_is_no_photo(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(PhotoRefused, match="not_a_photo"):
        Photos(tmp_path).keep(data)
    assert list(tmp_path.iterdir()) == []


def test_a_photo_of_50_mb(tmp_path: Path) -> None:
    with pytest.raises(PhotoRefused, match="too_large"):
        Photos(tmp_path).keep(picture() + b"\0" * 50_000_000)


def test_a_photo_is_kept_once_and_without_its_secrets(tmp_path: Path) -> None:
    import io

    from PIL import Image

    exif = Image.Exif()
    exif[0x010F] = "SECRETPHONE"
    target = io.BytesIO()
    Image.new("RGB", (4000, 3000), "red").save(target, "JPEG", exif=exif)
    photos = Photos(tmp_path)
    first, second = photos.keep(target.getvalue()), photos.keep(target.getvalue())
    assert first == second
    kept = photos.path(first).read_bytes()
    assert b"SECRETPHONE" not in kept
    with Image.open(photos.path(first)) as opened:
        assert max(opened.size) == 2048
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".jpg"]


def test_a_video_is_kept_without_the_place_where_it_was_taken(tmp_path: Path) -> None:
    video = b"\x00\x00\x00\x18ftypmp42" + b"\xa9xyz\x00\x12+22.5431+114.0579/" + b"picture data"
    photos = Photos(tmp_path)
    kept = photos.path(photos.keep(video))
    assert kept.suffix == ".mp4"
    assert b"22.5431" not in kept.read_bytes()
    assert kept.read_bytes().endswith(b"picture data")
