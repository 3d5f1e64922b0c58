"""Tells those who keep the program of what they must look after: by the robot's group, and by accounts that work."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from bot.channels import Outgoing, SendFailed
from bot.channels.webhook import Webhook
from bot.desk import DeskAccess
from community import Community
from community.parts.notice import Private, Urgency
from community.tree import Role, Tree
from handlers.speaking.texts import Texts
from storage.database import DatabaseUnavailable, Store

DESK_SECONDS = 5.0
"""How long the words may wait for the database. The robot needs none."""

log = structlog.get_logger()


class StaffAlarm:
    """The way to the staff. `robot` is None where the settings have none; `mobiles` are those who read there."""

    def __init__(
        self,
        desk: DeskAccess,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        robot: Webhook | None,
        mobiles: Mapping[str, str],
    ) -> None:
        self._desk = desk
        self._texts = Texts(zone)
        self._clock = clock
        self._robot = robot
        self._mobiles = mobiles

    async def run(self) -> None:
        """Keeps the robot's connections open until cancelled: alarms go out whoever has its lease."""
        if self._robot is None:
            await asyncio.Event().wait()
        else:
            await self._robot.run(_deaf)

    async def tell(self, key: str, *, without: str | None = None, **values: object) -> None:
        """Says a text to administrators, and to the workers of the places that the channel `without` serves.

        That channel is left out. Never raises: what cannot be told is in the log.
        """
        words = self._texts.render(key, values)
        log.error("staff_alarm", key=key, channel=without)
        if without != Webhook.name:
            await self._through_robot(words)
        await self._through_accounts(words, without)

    async def _through_robot(self, words: str) -> None:
        first, *_ = [*self._mobiles.values(), None]
        if self._robot is None or first is None:
            return
        try:
            await self._robot.send(Outgoing(Webhook.name, None, first, words))
        except SendFailed as failure:
            log.warning("staff_alarm_not_sent", kind=type(failure).__name__)

    async def _through_accounts(self, words: str, without: str | None) -> None:
        now, given_up = self._clock(), asyncio.Event()

        def put(_store: Store, community: Community) -> None:
            if not given_up.is_set():
                _put(words, without, community, now)

        try:
            async with asyncio.timeout(DESK_SECONDS):
                await self._desk.ask(put)
        except (TimeoutError, DatabaseUnavailable) as away:
            given_up.set()
            log.warning("staff_alarm_not_stored", kind=type(away).__name__)


async def _deaf(_incoming: object) -> bool:
    """A robot hears nothing."""
    return False


def _put(words: str, without: str | None, community: Community, now: datetime) -> None:
    """On its way to each, by an account that works."""
    working = {name: account for name, account in community.notices.channels.items() if name != without}
    notices = replace(community.notices, channels=working)
    for person_id in _readers(community.tree, without):
        notices.to_person(Private(person_id), words, Urgency.ALARM, now)


def _readers(tree: Tree, channel: str | None) -> list[str]:
    """All administrators, and the workers of the communities whose groups hang on the channel."""
    found = [holder.person_id for holder in tree.everyone(Role.ADMINISTRATOR)]
    served = [group.node_id for group in tree.groups.values() if group.channel == channel]
    found += [
        holder.person_id
        for holder in tree.everyone(Role.COMMUNITY_WORKER)
        if any(tree.lies_in(node_id, holder.node_id) for node_id in served)
    ]
    return list(dict.fromkeys(found))
