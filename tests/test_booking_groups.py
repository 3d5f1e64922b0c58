"""In which group somebody booked: where they are told how to be reached, should a private message not arrive."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from community.rules import CHINA, Rules
from storage.database import Database
from storage.tables import bookings, outbox
from tests.dialogue import Dialogue, Player

PEOPLE = {
    "赵": "resident-3-501",
    "孙": "elder-5-102",
    "杨": "worker",
    "沈": "deputy-2",
    "代": "deputy",
}
GROUP = "天天向善"
CHOSEN = (
    "赵 → 群: @小善 约委员",
    "bot → 群: 好,我私下跟您说。",
    "bot → 赵: 最近的接待…",
    "赵: 1",
    "bot → 赵: 约好了,B001:12月2日(周三)14:00…",
)
WAITS = (
    "杨: 加接待 何正平 12月3日下午2点到3点 1个号 在幸福社区工作站",
    "bot → 杨: 排上了…",
    "孙: 约12月3日下午的律师",
    "bot → 群: 幸福社区工作站接待…",
    "bot → 孙: 约好了,B001…",
    "赵 → 群: @小善 约12月3日下午的律师",
    "bot → 群: 好,我私下跟您说。",
    "bot → 赵: 那时候约满了…",
    "赵: 1",
    "bot → 赵: …给您排上候补B002…",
)
HAPPENS = {
    "the station is closed": (
        *CHOSEN,
        "杨: 停接待 12月2日 幸福社区工作站",
        "bot → 杨: …停了。正告诉1位居民,请他们另约。",
        "bot → 赵: 对不起,B001…的接待停了…",
    ),
    "somebody else receives": (
        *CHOSEN,
        "杨: 换班 12月2日 沈委员 换 韩雪梅",
        "bot → 杨: …改由人大代表韩雪梅接待…",
        "bot → 赵: …改由人大代表韩雪梅接待…",
        "bot → 代: …",
        "bot → 沈: …",
    ),
    "the offer lapses": (
        *WAITS,
        "孙: 取消",
        "bot → 孙: B001取消了…",
        "bot → 赵: 有空位了…",
        "+ 3h",
        "bot → 赵: B002…没等到您的回话,不留了…",
    ),
}
"""What comes of it; the last words for 赵 are those in question."""


def played(*lines: str) -> Dialogue:
    begins = datetime(2026, 12, 1, 9, tzinfo=CHINA)
    return Dialogue("groups", begins, PEOPLE, {"群": GROUP}, lines, Rules(), stations=True)


async def test_a_number_chosen_in_private_belongs_to_the_group_where_it_began(
    sqlite_database: Database, tmp_path: Path
) -> None:
    await Player(played(*CHOSEN), sqlite_database, tmp_path).play()
    with sqlite_database.begin() as store:
        assert store.connection.execute(select(bookings.c.group_external_id)).scalars().all() == [GROUP]


@pytest.mark.parametrize("what", HAPPENS)
async def test_who_cannot_be_told_in_private_is_told_how_to_be_reached(
    what: str, sqlite_database: Database, tmp_path: Path
) -> None:
    await Player(played(*HAPPENS[what]), sqlite_database, tmp_path).play()
    of_the_resident = select(outbox.c.fallback_group).where(outbox.c.person_id == PEOPLE["赵"])
    with sqlite_database.begin() as store:
        last = store.connection.execute(of_the_resident.order_by(outbox.c.id.desc()).limit(1)).scalar_one()
    assert last == GROUP
