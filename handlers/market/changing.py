"""Changing an event that is announced: rain, another place, other stalls, a whole series; and who hears of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from community import Community
from community.market.changing import Changed, Concerned, SeriesChanged, StallChanged, StallGone
from community.market.outcomes import Count, Event, EventState, Series, SignUpPart, SignUpState
from community.parts.notice import GroupChat, Urgency, is_quiet, next_morning, quiet_ends
from community.parts.questions import Question
from community.refused import Refused
from community.tree import Members
from handlers.answering import group_node, privately
from handlers.hearing.event_changes import (
    Field,
    hear_field,
    hear_new_time,
    hear_stall,
    is_date_alone,
    without_time,
)
from handlers.hearing.sign_ups import find_event
from handlers.market import signing_up
from handlers.market.calling import coming_about, head_words
from handlers.market.wording import CIRCLED, NUMBERS, event_day, event_values, groups_for, offers, when
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import as_replies, router
from handlers.speaking.texts import in_words, shorten

DATE_WITHIN = timedelta(days=14)
"""How long the new date of a postponed event is waited for as an answer."""

IN_TIME = timedelta(hours=2)
"""Whoever means to come hears of a change at least so long before, also at night."""

LONGEST_REASON = 30
LONGEST_PLACE = 60
LONGEST_BRING = 40

ASKS = ("什么", "几", "哪", "吗", "没有", "不")
"""Words by which somebody asks about an event and orders nothing."""

Deed = Callable[[Event, str, Message, Community], Replies]
"""What is to be done about an event, with the words behind its number or name."""


# --- rain -------------------------------------------------------------------------------------------------------


@router.command("market.postpone")
@privately
def postpone(message: Message, community: Community, event: str = "", words: str = "") -> Replies:
    """「延期 E012 12月12日9点」 「延期 集市」: to another date, or until there is one."""
    if event:
        return _postpone(community.market.ledger.event(_id(event)), words, message, community)
    return _at_the_meant("postpone", words, message, community)


@router.command("market.cancel_event")
@privately
def cancel(message: Message, community: Community, event: str = "", words: str = "") -> Replies:
    """「取消 E012 下雨」 「取消集市」; of somebody who runs nothing it means their own sign-up."""
    if event:
        return _cancel(community.market.ledger.event(_id(event)), words, message, community)
    return _at_the_meant("cancel", words, message, community)


@router.answer("market.which_changed", *NUMBERS, stays_open=True, optional=True)
def which_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which event was meant, where several have that name."""
    event_id = question.about.get(f"event{choice}")
    if event_id is None:
        return [ask(question.prompt_key, question.kind, question.about, **question.prompt_values)]
    event = community.market.ledger.event(int(event_id))
    return DEEDS[str(question.about["deed"])](event, str(question.about["words"]), message, community)


def _date_said(message: Message, community: Community) -> str | None:
    """A date, with an hour perhaps, answers the question for it; anything else is something else."""
    now = message.received_at.astimezone(community.rules.zone)
    return message.text if is_date_alone(message.text, now) else None


@router.answer("market.new_date", "later", stays_open=True, optional=True, otherwise=_date_said)
def date_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """To which date an event is put off."""
    event = community.market.ledger.event(int(str(question.about["event"])))
    if choice == "later":
        return [say("market_changing.date_later", number=event.number)]
    return _postpone(event, choice, message, community)


@router.when_dropped("market.new_date")
def date_dropped(message: Message, community: Community, question: Question) -> Replies:
    """「算了」 to the question for a date: it can be told later."""
    return date_given(message, community, question, "later")


@router.answer("market.confirm_cancel", "yes", "no", stays_open=True, optional=True)
def cancel_confirmed(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Everybody hears that it does not take place."""
    event_id, reason = int(str(question.about["event"])), str(question.about["reason"])
    if choice == "no":
        return [say("market_changing.goes_on", event=community.market.ledger.event(event_id).name)]
    changed = community.market.changing.cancel(event_id, message.person, message.received_at)
    return [_done("cancelled", changed, community), *_told_off("cancelled", changed, reason, message, community)]


# --- one event ----------------------------------------------------------------------------------------------------


@router.command("market.change_event")
@privately
def change_event(message: Message, community: Community, event: str, words: str = "") -> Replies:
    """「改活动 E012 地点 活动室」, and likewise 时间, 携带, 负责人."""
    heard = hear_field(words)
    meant = community.market.changing.mine(_id(event), message.person)
    if heard is None or not heard[1]:
        raise Refused("market_changing.which_field", number=meant.number)
    field, value = heard
    if field == "time":
        return _postpone(meant, value, message, community)
    changing, now = community.market.changing, message.received_at
    match field:
        case "place":
            changed = changing.set_place(meant.id, message.person, value[:LONGEST_PLACE], now)
            return [_done("place", changed, community), *_told_place(changed, message, community)]
        case "bring":
            changed = changing.set_bring(meant.id, message.person, value[:LONGEST_BRING], now)
            return [_done("bring", changed, community)]
        case "leader":
            name = _own_name(value, message)
            changed = changing.set_leader(meant.id, message.person, name, now)
            return [_done("leader", changed, community, leader=name), *_told_leaders(changed, community)]


@router.command("market.add_stall")
@privately
def add_stall(message: Message, community: Community, event: str, words: str = "") -> Replies:
    """「加摊位 E012 理发 3人 20个号」."""
    heard = hear_stall(words)
    outcome = community.market.changing.add_stall(
        _id(event), message.person, heard.name, heard.helpers or 0, heard.visitors or 0, message.received_at
    )
    return _stall_done("added", outcome, community)


@router.command("market.change_stall")
@privately
def change_stall(message: Message, community: Community, event: str, words: str = "") -> Replies:
    """「改摊位 E012 修家电 6人」: more places go to those who wait."""
    heard = hear_stall(words)
    if heard.helpers is None and heard.visitors is None:
        raise Refused("market_changing.how_many")
    outcome = community.market.changing.change_stall(
        _id(event), message.person, heard.name, heard.helpers, heard.visitors, message.received_at
    )
    return _stall_done("changed", outcome, community)


@router.command("market.remove_stall")
@privately
def remove_stall(message: Message, community: Community, event: str, words: str = "") -> Replies:
    """「撤摊位 E012 理发」: whoever signed up there is offered what else there is."""
    name = hear_stall(words).name
    outcome = community.market.changing.remove_stall(_id(event), message.person, name, message.received_at)
    number, persons = outcome.board.event.number, len(outcome.concerned)
    told = in_words("market_changing.stall_told", community, persons=persons) if persons else ""
    done = say("market_changing.stall_removed", number=number, stall=name, told=told)
    return [done, *(_stall_gone(each, outcome, message, community) for each in outcome.concerned)]


# --- a series -------------------------------------------------------------------------------------------------------


@router.command("market.change_series")
@privately
def change_series(message: Message, community: Community, words: str) -> Replies:
    """「以后都改 雷锋集市 地点 活动室」: the series, and what was made of it and is still to come."""
    changing, now, person = community.market.changing, message.received_at, message.person
    series = changing.series_called(person, words)
    heard = hear_field(words.partition(series.name)[2])
    if heard is None or not heard[1]:
        raise Refused("market_changing.which_series_field", name=series.name)
    field, value = heard
    match field:
        case "place":
            outcome = changing.series_place(series, person, value[:LONGEST_PLACE], now)
        case "time":
            outcome = changing.series_time(series, person, value, now)
        case "bring":
            outcome = changing.series_bring(series, value[:LONGEST_BRING], now)
        case _:
            outcome = changing.series_leader(series, person, _own_name(value, message), now)
    return [_series_done(field, value, outcome, community), *_told_series(field, outcome, message, community)]


@router.command("market.end_series")
@privately
def end_series(message: Message, community: Community, words: str) -> Replies:
    """「停办系列 雷锋集市」: no more of it; what is open takes place."""
    series = community.market.changing.series_called(message.person, words)
    outcome = community.market.changing.end_series(series, message.received_at)
    rest = _rest(outcome, community)
    return [say("market_changing.series_ended", name=series.name, rest=rest, file=_in_file(series, community))]


# --- inside: which event --------------------------------------------------------------------------------------------


def _id(event: str) -> int:
    return int(event.lstrip("Ee"))


def _at_the_meant(deed: str, words: str, message: Message, community: Community) -> Replies:
    """Does it to the event that is meant by its name; asks where that is one of several."""
    mine = community.market.changing.run_by(message.person, group_node(message), message.received_at)
    if not mine:
        return _of_no_staff(deed, message, community)
    named = find_event(message.text, {each.name for each in mine})
    meant = [each for each in mine if each.name == named] if named else mine
    if len(meant) == 1:
        return DEEDS[deed](meant[0], words, message, community)
    lines = "\n".join(
        f"{sign} {each.number} {each.name},{when(each, community)}" for sign, each in zip(CIRCLED, meant, strict=False)
    )
    about: dict[str, Plain] = {f"event{number}": each.id for number, each in enumerate(meant[:12], start=1)}
    about |= {"deed": deed, "words": words}
    return [ask("market_changing.which_changed", "market.which_changed", about, lines=lines)]


def _of_no_staff(deed: str, message: Message, community: Community) -> Replies:
    """What the same words mean of somebody who runs nothing."""
    if community.market.changing.is_worker(message.person, group_node(message)):
        raise Refused("market_changing.nothing_to_change")
    if deed == "cancel":
        return as_replies(signing_up.leave(message, community))
    if any(each in message.text for each in ASKS):
        return as_replies(signing_up.look_up(message, community))
    raise Refused("market.staff_only")


# --- inside: doing it -------------------------------------------------------------------------------------------------


def _postpone(event: Event, words: str, message: Message, community: Community) -> Replies:
    changing, zone = community.market.changing, community.rules.zone
    event = changing.mine(event.id, message.person)
    now = message.received_at.astimezone(zone)
    heard = hear_new_time(words, event.begins_at.astimezone(zone), now)
    if heard is None and any(each.isdecimal() for each in words):
        raise Refused("market_changing.no_date", number=event.number)
    if heard is None:
        return _without_date(event, words, message, community)
    changed = changing.move(event.id, message.person, heard.begins_at, heard.ends_at, message.received_at)
    _close_date_question(event, message, community)
    return [_done("moved", changed, community), *_told_moved(changed, message, community)]


def _without_date(event: Event, words: str, message: Message, community: Community) -> Replies:
    if event.state is EventState.POSTPONED:
        return [_ask_date(event)]
    changed = community.market.changing.postpone(event.id, message.person, message.received_at)
    done = _ask_date(event, reach=_reach(changed, community))
    return [done, *_told_off("postponed", changed, words, message, community)]


def _ask_date(event: Event, reach: str = "") -> Reply:
    return ask(
        "market_changing.postponed_done" if reach else "market_changing.which_date",
        "market.new_date",
        {"event": event.id},
        open_for=DATE_WITHIN,
        number=event.number,
        event=event.name,
        reach=reach,
    )


def _close_date_question(event: Event, message: Message, community: Community) -> None:
    for each in community.questions.open_for(message.person.id, message.received_at):
        if each.kind == "market.new_date" and each.about.get("event") == event.id:
            community.questions.close(each, message.received_at)


def _cancel(event: Event, words: str, message: Message, community: Community) -> Replies:
    extent = community.market.changing.extent(event.id, message.person, message.received_at)
    if event.state is EventState.DRAFT:
        dropped = community.market.opening.drop(event.id, message.person, message.received_at)
        return [say("market.draft_dropped", number=dropped.number, event=dropped.name)]
    about: dict[str, Plain] = {"event": event.id, "reason": words}
    return [
        ask(
            "market_changing.confirm_cancel",
            "market.confirm_cancel",
            about,
            number=event.number,
            event=event.name,
            when=when(event, community),
            helpers=extent.helpers,
            visitors=extent.visitors,
        )
    ]


DEEDS: dict[str, Deed] = {"postpone": _postpone, "cancel": _cancel}


# --- inside: saying it ------------------------------------------------------------------------------------------------


def _done(what: str, changed: Changed, community: Community, *, leader: str = "") -> Reply:
    """To whoever did it."""
    return say(
        "market_changing.done",
        number=changed.event.number,
        event=changed.event.name,
        what=_what(what, changed, community, leader),
        reach=_reach(changed, community) if what not in ("bring", "leader") else "",
    )


def _what(what: str, changed: Changed, community: Community, leader: str = "") -> str:
    event = changed.event
    match what:
        case "moved":
            return in_words("market_changing.what_moved", community, when=when(event, community))
        case "place":
            return in_words("market_changing.what_place", community, place=event.place)
        case "bring":
            return in_words("market_changing.what_bring", community, bring=event.bring)
        case "leader":
            return in_words("market_changing.what_leader", community, leader=leader)
        case "postponed":
            return in_words("market_changing.what_postponed", community)
        case _:
            return in_words("market_changing.what_cancelled", community)


def _reach(changed: Changed, community: Community) -> str:
    """Who is told; of a draft nobody."""
    if changed.before.state is EventState.DRAFT:
        return in_words("market_changing.reach_nobody", community)
    persons, groups = len(changed.concerned) + len(changed.standing), len(_chats(changed.event, community))
    reach = (
        in_words("market_changing.reach", community, persons=persons, groups=groups)
        if persons
        else in_words("market_changing.reach_groups", community, groups=groups)
    )
    if changed.nameless:
        reach += in_words("market_changing.nameless", community, nameless=changed.nameless)
    return reach


def _told_moved(changed: Changed, message: Message, community: Community) -> Replies:
    """The new date, to everybody once; those who have a place say whether they come."""
    if changed.before.state is EventState.DRAFT:
        return []
    event, urgency = changed.event, _urgency(changed, message.received_at, community)
    open_for = event.ends_at - message.received_at
    return [
        *_to_runners("moved", changed, community),
        *(
            ask(
                "market_changing.moved",
                "market.coming",
                coming_about(each.heads),
                to=each.person_id,
                open_for=open_for,
                urgency=urgency,
                fallback_group=each.heads[0].sign_up.group,
                stalls=head_words(each.heads, community),
                keeps=_keeps(each, community),
                **event_values(event, community),
            )
            for each in changed.concerned
        ),
        *(
            ask(
                "market_changing.moved_standing",
                "market.standing",
                {"event": event.id, "stall": stall.id},
                to=person_id,
                open_for=open_for,
                urgency=urgency,
                stall=stall.name,
                **event_values(event, community),
            )
            for person_id, stall in changed.standing
        ),
        *_to_groups("moved", changed, message, community),
        *offers(changed.offers, community),
    ]


def _told_off(what: str, changed: Changed, reason: str, message: Message, community: Community) -> Replies:
    """That it does not take place then, with the reason, to everybody once."""
    now = message.received_at.astimezone(community.rules.zone)
    reason = shorten(without_time(reason, now), LONGEST_REASON)
    because = in_words("market_changing.because", community, reason=reason) if reason else ""
    before, urgency = changed.before, _urgency(changed, message.received_at, community)
    values: dict[str, Any] = {"event": before.name, "when": when(before, community), "because": because}
    key = "market_changing.cancelled" if what == "cancelled" else "market_changing.postponed"
    standing = "market_changing.cancelled_standing" if what == "cancelled" else "market_changing.postponed_standing"
    return [
        *_to_runners(what, changed, community),
        *(
            say(
                key,
                to=each.person_id,
                urgency=urgency,
                fallback_group=each.heads[0].sign_up.group,
                stalls="\u3001".join(dict.fromkeys(head.stall.name for head in each.heads)),
                keeps=_keeps(each, community),
                **values,
            )
            for each in changed.concerned
        ),
        *(say(standing, to=person_id, urgency=urgency, **values) for person_id, _ in changed.standing),
        *_to_groups(what, changed, message, community, because=because),
    ]


def _keeps(concerned: Concerned, community: Community) -> str:
    """That a place stays theirs, or that they stay in the queue."""
    waits = all(each.sign_up.state is SignUpState.WAITING for each in concerned.heads)
    return in_words("market_changing.keeps_turn" if waits else "market_changing.keeps_place", community)


def _told_place(changed: Changed, message: Message, community: Community) -> Replies:
    """That it is elsewhere."""
    if changed.before.state is EventState.DRAFT:
        return []
    event, urgency = changed.event, _urgency(changed, message.received_at, community)
    persons = [(each.person_id, each.heads[0].sign_up.group) for each in changed.concerned]
    persons += [(person_id, None) for person_id, _ in changed.standing]
    return [
        *_to_runners("place", changed, community),
        *(
            say(
                "market_changing.elsewhere",
                to=person_id,
                urgency=urgency,
                fallback_group=group,
                **event_values(event, community),
            )
            for person_id, group in persons
        ),
        *_to_groups("place", changed, message, community),
    ]


def _told_leaders(changed: Changed, community: Community) -> Replies:
    """Whoever leads it now, and whoever did."""
    event = changed.event
    return [
        say(
            "market_changing.leads_now" if each == event.leader_id else "market_changing.leads_no_more",
            to=each,
            number=event.number,
            **event_values(event, community),
        )
        for each in changed.tell
    ]


def _to_groups(what: str, changed: Changed, message: Message, community: Community, because: str = "") -> Replies:
    """In the groups for whom it is; a change that could come too late also at night."""
    urgency = _urgency(changed, message.received_at, community)
    urgency = Urgency.ANNOUNCEMENT if urgency is Urgency.REMINDER else urgency
    event, before = changed.event, when(changed.before, community)
    return [
        say(
            f"market_changing.group_{what}",
            to=chat,
            urgency=urgency,
            before=before,
            because=because,
            **event_values(event, community),
        )
        for chat in _chats(event, community)
    ]


def _chats(event: Event, community: Community) -> list[GroupChat]:
    return groups_for(event, community, Members.RESIDENTS, Members.VOLUNTEERS)


def _to_runners(what: str, changed: Changed, community: Community) -> Replies:
    values: dict[str, Any] = {
        "number": changed.event.number,
        "event": changed.event.name,
        "what": _what(what, changed, community),
        "day": event_day(changed.before, community),
    }
    return [say("market_changing.runner", to=each, **values) for each in changed.tell]


def _urgency(changed: Changed, now: datetime, community: Community) -> Urgency:
    """News that can wait for the morning may wait; what would come too late then goes out at once."""
    soonest = min(changed.before.begins_at, changed.event.begins_at)
    morning = quiet_ends(now, community.rules) if is_quiet(now, community.rules) else next_morning(now, community.rules)
    too_late = morning > soonest - IN_TIME
    return Urgency.NOTICE if too_late else Urgency.REMINDER


def _stall_done(what: str, outcome: StallChanged, community: Community) -> Replies:
    stall, event = outcome.stall, outcome.event
    values: dict[str, Any] = {
        "number": event.number,
        "stall": stall.name,
        "helpers": stall.helpers,
        "visitors": stall.visitors,
    }
    kept = in_words("market_changing.kept", community, kept=outcome.kept) if outcome.kept else ""
    return [say(f"market_changing.places_{what}", kept=kept, **values), *offers(outcome.offers, community)]


def _stall_gone(concerned: Concerned, gone: StallGone, message: Message, community: Community) -> Reply:
    """To somebody whose stall is no more: by number where else they could go."""
    head = concerned.heads[0]
    part, event = head.sign_up.part, gone.board.event
    left = [each for each in gone.board.counts if _left(each, part)]
    if not left:
        return say(
            "market_changing.stall_gone_for_good",
            to=concerned.person_id,
            fallback_group=head.sign_up.group,
            stall=gone.stall.name,
            **event_values(event, community),
        )
    lines = "\n".join(
        f"{sign} "
        + in_words(f"market_changing.choice_{part}", community, stall=each.stall.name, left=_left(each, part))
        for sign, each in zip(CIRCLED, left, strict=False)
    )
    about: dict[str, Plain] = {f"stall{number}": each.stall.id for number, each in enumerate(left[:12], start=1)}
    about |= {"event": event.id, "part": part, "heads": 1, "item": head.sign_up.item, "group": head.sign_up.group}
    return ask(
        "market_changing.stall_gone",
        "market.which_stall",
        about,
        to=concerned.person_id,
        open_for=event.begins_at - message.received_at,
        fallback_group=head.sign_up.group,
        lines=lines,
        stall=gone.stall.name,
        **event_values(event, community),
    )


def _left(count: Count, part: SignUpPart) -> int:
    return count.helpers.left if part is SignUpPart.HELPER else count.visitors.left


def _own_name(value: str, message: Message) -> str:
    return message.person.name if value in ("我", "我自己", "本人") else value


# --- inside: series ---------------------------------------------------------------------------------------------------


def _series_done(field: Field, value: str, outcome: SeriesChanged, community: Community) -> Reply:
    what = in_words(f"market_changing.then_{field}", community, value=value)
    return say(
        "market_changing.series_done",
        name=outcome.series.name,
        what=what,
        rest=_rest(outcome, community),
        file=_in_file(outcome.series, community),
    )


def _rest(outcome: SeriesChanged, community: Community) -> str:
    """Which events are otherwise too, which stay as they are, and which are gone."""
    parts = (
        ("changed", [each.event for each in outcome.changed]),
        ("kept", outcome.kept),
        ("dropped", outcome.dropped),
    )
    return "".join(
        in_words(f"market_changing.rest_{what}", community, events=_listed(events, community))
        for what, events in parts
        if events
    )


def _listed(events: Sequence[Event], community: Community) -> str:
    return "\u3001".join(f"{each.number} {event_day(each, community)}" for each in events)


def _in_file(series: Series, community: Community) -> str:
    return in_words("market_changing.also_in_file", community) if series.from_file else ""


def _told_series(field: Field, outcome: SeriesChanged, message: Message, community: Community) -> Replies:
    """Whoever signed up for an event of it that is otherwise now."""
    if field == "bring":
        return []
    tell = {"time": _told_moved, "place": _told_place}.get(field)
    if tell is None:
        return [reply for each in outcome.changed for reply in _told_leaders(each, community)]
    return [reply for each in outcome.changed for reply in tell(each, message, community)]
