"""What the parts of this service share in saying things."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from community import Community
from community.market.outcomes import Board, Count, Event, Head, Left, Offered, SignedUp, SignUpPart, SignUpState, Taken
from community.parts.notice import GroupChat, Urgency
from community.tree import Members
from handlers.hearing.behalf import relation
from handlers.messages import Message, Replies, Reply, ask, say, say_in_group
from handlers.speaking.texts import day, in_words

NUMBERS = tuple(str(number) for number in range(1, 13))
CIRCLED = "\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468\u2469\u246a\u246b"


def when(event: Event, community: Community) -> str:
    """From when to when: 12月5日(周六)9:00–11:00."""
    begins_at, ends_at = (each.astimezone(community.rules.zone) for each in (event.begins_at, event.ends_at))
    return f"{day(begins_at)}{begins_at:%H:%M}–{ends_at:%H:%M}"


def event_day(event: Event, community: Community) -> str:
    """The day of an event: 12月5日(周六)."""
    return day(event.begins_at.astimezone(community.rules.zone))


def clock(moment: datetime, community: Community) -> str:
    """An hour: 9:30."""
    return f"{moment.astimezone(community.rules.zone):%H:%M}"


def event_values(event: Event, community: Community) -> dict[str, Any]:
    """What is said of an event, as words: a question may keep them."""
    return {"event": event.name, "when": when(event, community), "place": event.place}


def what(head: Head, community: Community) -> str:
    """A stall of an event; an event that is called as its only stall by its name alone."""
    if head.stall.name == head.event.name:
        return head.event.name
    return in_words("market.stall_of_event", community, event=head.event.name, stall=head.stall.name)


def bring(event: Event, community: Community) -> str:
    """What to bring, as a sentence; empty where there is nothing."""
    return in_words("market.bring", community, bring=event.bring) if event.bring else ""


def taken_words(taken: Taken, community: Community) -> str:
    """How full: 3/5, and how many wait."""
    waiting = in_words("market.and_waiting", community, waiting=taken.waiting) if taken.waiting else ""
    return f"{taken.taken}/{taken.places}{waiting}"


def board_line(board: Board, community: Community) -> str:
    """How full an event is, in a line: 修家电3/5,量血压4/4候补1. Counts only: a group reads it."""
    helpers = [_stall_words(each, each.helpers, community) for each in board.counts if each.helpers.places]
    visitors = [_stall_words(each, each.visitors, community) for each in board.counts if each.visitors.taken]
    parts = [",".join(helpers)] if helpers else []
    if visitors:
        parts.append(in_words("market.numbers_taken", community, stalls=",".join(visitors)))
    return "\u3002".join(parts)


def _stall_words(count: Count, taken: Taken, community: Community) -> str:
    return f"{count.stall.name}{taken_words(taken, community)}"


def missing_words(counts: Sequence[Count], community: Community) -> str:
    """What is missing: 修家电还缺2人、缝补还缺1人."""
    return "\u3001".join(
        in_words("market.still_missing", community, stall=each.stall.name, missing=each.helpers.left) for each in counts
    )


def rolling(message: Message, community: Community, board: Board) -> Replies:
    """How full the event is now, to the group in which somebody signed up; not more often than it should be told."""
    incoming = message.incoming
    if incoming.group is None or not community.market.rolling.touch(
        board.event, incoming.channel, incoming.group, message.received_at
    ):
        return []
    return [rolling_line(board, community)]


def rolling_line(board: Board, community: Community) -> Reply:
    """The line, as an answer in the group."""
    return say_in_group("market.rolling", **rolling_values(board, community))


def rolling_values(board: Board, community: Community) -> dict[str, Any]:
    """What stands in the rolling line."""
    return {"event": board.event.name, "day": event_day(board.event, community), "line": board_line(board, community)}


def signed_up(outcome: SignedUp, community: Community, *, resident: bool = False) -> Replies:
    """It is theirs, or they wait: said back whole; and to those who get what they left.

    `resident`: somebody of whom it is not known that they help, who may have meant to be helped.
    """
    heads = outcome.held or outcome.waiting
    return [_signed_up(heads[0], outcome, community, resident), *offers(outcome.offers, community)]


def _signed_up(head: Head, outcome: SignedUp, community: Community, resident: bool) -> Reply:
    values = {"stall": head.stall.name, **event_values(head.event, community)}
    values["details"] = "".join(_details(head, outcome, community, resident))
    if head.sign_up.state is SignUpState.WAITING:
        values["details"] = "".join(_details(head, outcome, community, resident=False))
        values["others"] = _others(outcome.board, head, community)
        return say("market.waits", turn=head.ahead + 1, **values)
    if head.sign_up.part is SignUpPart.VISITOR:
        if len(outcome.board.counts) == 1:
            return say("market.joined", **values)
        numbers = "\u3001".join(str(each.sign_up.place) for each in outcome.held)
        return say("market.number", number=numbers, window=clock(head.starts_at, community), **values)
    return say("market.helps", **values)


def _details(head: Head, outcome: SignedUp, community: Community, resident: bool) -> list[str]:
    found = []
    if outcome.held and outcome.waiting:
        counts = {"held": len(outcome.held), "waiting": len(outcome.waiting)}
        found.append(in_words("market.some_wait", community, **counts))
    elif len(outcome.held) > 1 and head.sign_up.part is SignUpPart.HELPER:
        found.append(in_words("market.heads", community, heads=len(outcome.held)))
    if head.sign_up.part is SignUpPart.VISITOR and head.sign_up.companion:
        found.append(in_words("market.for_whom", community, whom=relation(head.sign_up.name)))
    if head.sign_up.item:
        found.append(in_words("market.with_item", community, item=head.sign_up.item))
    if outcome.instead_of is not None:
        found.append(in_words("market.instead_of", community, stall=outcome.instead_of.stall.name))
    found.append(bring(head.event, community))
    if outcome.clash is not None:
        found.append(in_words("market.clash", community, at=outcome.clash))
    if resident and head.sign_up.part is SignUpPart.HELPER and head.stall.visitors:
        found.append(in_words("market.or_a_number", community, stall=head.stall.name))
    return found


def _others(board: Board, head: Head, community: Community) -> str:
    """Other stalls at which there are places, for somebody who waits; empty where there are none."""
    if head.sign_up.part is SignUpPart.VISITOR:
        return ""
    free = [each for each in board.missing if each.stall.id != head.stall.id]
    return in_words("market.others_missing", community, missing=missing_words(free[:3], community)) if free else ""


def left(outcome: Left, community: Community) -> Replies:
    """They do not come; whoever waited gets the place."""
    return [say("market.left", what=what(outcome.heads[0], community)), *offers(outcome.offers, community)]


def offers(given: Sequence[Offered], community: Community) -> Replies:
    """To those for whom a place is kept now."""
    return [_offer(each, community) for each in given]


def _offer(offered: Offered, community: Community) -> Reply:
    sign_up = offered.head.sign_up
    until = offered.until.astimezone(community.rules.zone)
    return ask(
        "market.offer",
        "market.offer",
        {"sign_up": sign_up.id},
        to=sign_up.person_id or "",
        open_for=offered.until - sign_up.changed_at,
        urgency=Urgency.REMINDER,
        fallback_group=sign_up.group,
        stall=offered.head.stall.name,
        until=f"{day(until)}{until:%H:%M}",
        **event_values(offered.head.event, community),
    )


def groups_for(event: Event, community: Community, *members: Members) -> list[GroupChat]:
    """The groups of these kinds of members for whom an event is."""
    accounts, tree = community.notices.channels, community.tree
    wanted = members or (Members.RESIDENTS,)
    return [
        GroupChat(group.channel, accounts[group.channel], group.external_id)
        for group in tree.groups.values()
        if group.channel in accounts and group.members in wanted and tree.lies_in(group.node_id, event.node_id)
    ]
