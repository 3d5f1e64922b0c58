"""Words to people: to whom, through which channel, and when they may go out.

`until`: later they are pointless, and are not sent.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.rules import Rules
from storage import outbox, people
from storage.database import Store
from storage.tables import Urgency

__all__ = ["GroupChat", "Notices", "Private", "Urgency", "may_go_out_at"]


ROBOT = "webhook"
"""The channel that others read along in: nobody is told anything there but that a message waits."""


@dataclass(frozen=True, slots=True)
class Private:
    """To one person alone. `fallback_group`: where to say that it could not be delivered, without its words."""

    person_id: str
    fallback_group: str | None = None


@dataclass(frozen=True, slots=True)
class GroupChat:
    """To a group, by the channel's id. `mentions` are pairs of id and name."""

    channel: str
    account: str
    group: str
    mentions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Notices:
    """Puts words on their way. `channels` maps the channels that run now to their account."""

    store: Store
    rules: Rules
    channels: Mapping[str, str]

    def to_group(
        self,
        group: GroupChat,
        text: str,
        urgency: Urgency,
        now: datetime,
        *,
        photos: Sequence[str] = (),
        not_before: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        """Says something in a group."""
        self._add(
            group.channel,
            group.account,
            text,
            urgency,
            now,
            group=group.group,
            mentions=group.mentions,
            photos=tuple(photos),
            not_before=not_before,
            until=until,
        )

    def to_address(
        self,
        address: people.Address,
        recipient: Private,
        text: str,
        urgency: Urgency,
        now: datetime,
        *,
        photos: Sequence[str] = (),
        not_before: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        """Says something to one person at this address, which is where they have just spoken."""
        self._add(
            address.channel,
            self.channels[address.channel],
            text,
            urgency,
            now,
            to=address.external_id,
            person_id=recipient.person_id,
            fallback_group=recipient.fallback_group,
            photos=tuple(photos),
            not_before=not_before,
            until=until,
        )

    def to_person(
        self,
        recipient: Private,
        text: str,
        urgency: Urgency,
        now: datetime,
        *,
        prefer: str | None = None,
        photos: Sequence[str] = (),
        not_before: datetime | None = None,
        until: datetime | None = None,
    ) -> bool:
        """Says something to one person, through the channel `prefer` where they have it.

        False when no running channel reaches them; they are then to be phoned.
        """
        address = self._address(recipient.person_id, prefer)
        if address is None:
            return False
        if address.channel != prefer:
            recipient = Private(recipient.person_id)  # the group is in another channel: nobody there knows this name
        self.to_address(address, recipient, text, urgency, now, photos=photos, not_before=not_before, until=until)
        return True

    def knock(self, person_id: str, text: str, now: datetime) -> None:
        """Tells a person who reads along in the staff's robot group that a message waits. No details go there."""
        if ROBOT not in self.channels:
            return
        for address in people.addresses_of(self.store, person_id):
            if address.channel == ROBOT:
                self._add(ROBOT, self.channels[ROBOT], text, Urgency.NOTICE, now, to=address.external_id)

    def _address(self, person_id: str, prefer: str | None) -> people.Address | None:
        running = set(self.channels) - {ROBOT}
        reachable = [each for each in people.addresses_of(self.store, person_id) if each.channel in running]
        preferred = (each for each in reachable if each.channel == prefer)
        return next(preferred, reachable[0] if reachable else None)

    def _add(
        self,
        channel: str,
        account: str,
        text: str,
        urgency: Urgency,
        now: datetime,
        *,
        group: str | None = None,
        to: str | None = None,
        person_id: str | None = None,
        fallback_group: str | None = None,
        mentions: tuple[tuple[str, str], ...] = (),
        photos: tuple[str, ...] = (),
        not_before: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        draft = outbox.Draft(
            channel=channel,
            account=account,
            group=group,
            to=to,
            person_id=person_id,
            fallback_group=fallback_group,
            mentions=mentions,
            text=text,
            photos=photos,
            urgency=urgency,
            created_at=now,
            due_at=max(may_go_out_at(now, urgency, self.rules), not_before or now),
            until=until,
        )
        outbox.add(self.store, draft)


UNASKED: Container[Urgency] = frozenset({Urgency.REMINDER, Urgency.ANNOUNCEMENT})
"""What the bot says of its own accord. Answers, and what follows from a person's act, are not held back:
see docs/decisions/0005."""


def may_go_out_at(now: datetime, urgency: Urgency, rules: Rules) -> datetime:
    """`now`, or the end of the quiet hours for what the bot says of its own accord."""
    return quiet_ends(now, rules) if urgency in UNASKED else now


def quiet_ends(now: datetime, rules: Rules) -> datetime:
    """`now`, or when the quiet hours that it falls into are over."""
    local = now.astimezone(rules.zone)
    if not is_quiet(now, rules):
        return now
    ends = local.replace(hour=rules.quiet_to.hour, minute=rules.quiet_to.minute, second=0, microsecond=0)
    return ends if local < ends else ends + timedelta(days=1)


def day_begins(now: datetime, rules: Rules) -> datetime:
    """The midnight before `now`, where the community is."""
    return now.astimezone(rules.zone).replace(hour=0, minute=0, second=0, microsecond=0)


def next_morning(now: datetime, rules: Rules) -> datetime:
    """When the quiet hours of the next day are over."""
    tomorrow = day_begins(day_begins(now, rules) + timedelta(hours=36), rules)
    return tomorrow.replace(hour=rules.quiet_to.hour, minute=rules.quiet_to.minute)


def quiet_from(now: datetime, rules: Rules) -> datetime | None:
    """When the next quiet hours begin, `now` not being in them. None where there are none."""
    if rules.quiet_from == rules.quiet_to:
        return None
    local = now.astimezone(rules.zone)
    begins = local.replace(hour=rules.quiet_from.hour, minute=rules.quiet_from.minute, second=0, microsecond=0)
    return begins if local < begins else begins + timedelta(days=1)


def is_quiet(now: datetime, rules: Rules) -> bool:
    """Whether it is in the quiet hours, which may reach past midnight; from and to alike are none."""
    moment, begin, end = now.astimezone(rules.zone).time(), rules.quiet_from, rules.quiet_to
    if begin <= end:
        return begin <= moment < end
    return moment >= begin or moment < end
