"""Ordering in conversation: as much as is said is taken, what is missing is asked for one by one, and privately."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Self

from community import Community
from community.grievances import DeadlineClass, Grievance
from community.grievances.intake import Told
from community.grievances.outcomes import Where
from community.parts.questions import Question
from community.people import Person
from community.refused import Refused
from community.tasks.ordering import Order
from community.tasks.outcomes import Claimed, Ordered, Service
from community.volunteers.skills import SAME, canonical
from handlers import alarms, phrasebook
from handlers.answering import group_node, privately
from handlers.hearing import categories
from handlers.hearing.alarms import hear_alarm
from handlers.hearing.categories import SURE
from handlers.hearing.normalise import normalise
from handlers.hearing.orders import (
    Contact,
    Turned,
    Wanted,
    find_offered,
    hear_contact,
    hear_haste,
    hear_order,
    hear_window,
    rest_of_contact,
)
from handlers.hearing.personal import find_personal, mask
from handlers.hearing.phrases import Heard
from handlers.hearing.places import find_place, find_whereabouts
from handlers.hearing.times import find_when
from handlers.messages import Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.routing import Affair, Affairs, as_replies, router
from handlers.speaking.texts import in_words, load, shorten
from handlers.tasks.menu import MORE, ask_service, offered, words
from handlers.tasks.wording import (
    CIRCLED,
    NUMBERS,
    changed,
    contact,
    id_of,
    own_line,
    public_line,
    to_each,
)

ASKED = frozenset(f"tasks.{kind}" for kind in ("what", "contact", "when", "person"))
"""Questions that are over as soon as something new is begun."""

LONGEST_SHOWN = 30
_MARKS = "。.!~ ,"
_NUMBER = re.compile(r"第?(?P<number>\d{1,2})(?:号|个|项)?")
_COURTESY = re.compile(r"(?:好的?|行|可以|嗯+|哦|ok|是的?|对|谢谢您?|知道了|收到|在吗|你好|您好|什么|[\W])*")


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been said so far of an order. `whose`: for whom staff order, by id; `name`: what staff called them.

    `place`: a node; `since` and `until` are times in ISO; `amiss`: why something is asked for once more.
    `contact_kept`: they do not want to tell address and phone.
    """

    node: str
    whose: str = ""
    name: str = ""
    what: str = ""
    service: str = ""
    words: str = ""
    whom: str = ""
    skill: str = ""
    at_home: bool = True
    takers: int = 1
    minutes: int = 60
    place: str = ""
    address: str = ""
    phone: str = ""
    contact_asked: bool = False
    contact_kept: bool = False
    since: str = ""
    until: str = ""
    urgent: bool = False
    whenever: bool = False
    group: str = ""
    case: int = 0
    amiss: str = ""

    @classmethod
    def of(cls, question: Question) -> Self:
        """What a question has kept."""
        kept = {each.name: question.about[each.name] for each in fields(cls) if each.name in question.about}
        return cls(**kept)

    def about(self) -> dict[str, Plain]:
        """The same for the next question to keep."""
        return asdict(self)


# --- ordering -----------------------------------------------------------------------------------------------------


@router.command("tasks.order")
@privately
def order(message: Message, community: Community, words: str = "", **_slots: object) -> Replies:
    """「服务」, 「想请人上门理发」, 「点单 4」: the menu, or as much as was said."""
    alarm = hear_alarm(message.text)
    if alarm is not None and alarm.certain:
        return alarms.raise_alarm(message, community, alarm.kind)
    draft = _begin(message, community)
    community.tasks.ordering.check_room(message.person, draft.node, message.received_at)
    numbered = _NUMBER.fullmatch(words)
    if numbered:
        services = community.tasks.ordering.menu(draft.node)
        number = int(numbered["number"])
        chosen = services[number - 1] if 0 < number <= len(services) else None
        return _next(_with_service(draft, chosen) if chosen else draft, message, community)
    return [
        *_advice(message),
        *_next(_heard(draft, message.text, message.words, message, community), message, community),
    ]


@router.command("tasks.order_for")
@privately
def order_for(message: Message, community: Community, name: str, words: str = "") -> Replies:
    """「代 孙桂兰 点单 买药 明天上午」, by staff. Of others' words 「帮我妈点单」 is an order of their own."""
    draft = _begin(message, community)
    if not community.tree.works_at(message.person.id, draft.node):
        return as_replies(order(message, community, words=words))
    draft = _heard(replace(draft, name=name), words, words, message, community) if words else replace(draft, name=name)
    found = community.tasks.ordering.people_called(name, draft.node)
    if len(found) > 1:
        return [_ask_person(draft, found[: len(NUMBERS)], community)]
    draft = _for_person(draft, found[0], community) if found else replace(draft, whom=name)
    return _next(draft, message, community)


@router.answer("tasks.person", *NUMBERS, stays_open=True, optional=True)
def person_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which of those with one name staff order for."""
    person = community.people.by_id(str(question.about.get(f"person{choice}", "")))
    if person is None:
        return [_once_more(question)]
    return _next(_for_person(Draft.of(question), person, community), message, community)


def _what_said(message: Message, community: Community) -> str | None:
    """更多, or what is wanted in words."""
    if message.text.strip(_MARKS) == MORE:
        return MORE
    if _something_else(message, "tasks.order") or _tells_of_trouble(message, community):
        return None
    return message.words


@router.answer("tasks.what", *NUMBERS, stays_open=True, otherwise=_what_said)
def what_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """A line of the menu, or something that is not on it."""
    draft = Draft.of(question)
    services = community.tasks.ordering.menu(draft.node)
    if choice == MORE:
        return [ask_service(draft.about(), services, int(question.about["page"]) + 1, community)]
    if choice in NUMBERS:
        service = next((each for each in services if each.id == question.about.get(f"service{choice}")), None)
        return _next(_with_service(draft, service), message, community) if service else [_once_more(question)]
    heard = _heard(draft, message.text, message.words, message, community)
    return [_once_more(question)] if not heard.what else _next(heard, message, community)


def _contact_said(message: Message, community: Community) -> str | None:
    """Whatever is said here is the address, unless it is plainly something else."""
    if find_personal(message.words) or find_place(message.text) is not None:
        return message.words
    return None if _something_else(message) or _is_report(message.text) else message.words


@router.answer("tasks.contact", "none", stays_open=True, otherwise=_contact_said)
def contact_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Address and phone, or that they are not told."""
    draft = replace(Draft.of(question), contact_asked=True, amiss="")
    if choice == "none":
        return _next(replace(draft, contact_kept=True), message, community)
    text = normalise(message.words)
    now = message.received_at.astimezone(community.rules.zone)
    heard = hear_contact(text)
    address = heard.address or _address_in(text, now)
    if not heard.phone and (not address or _COURTESY.fullmatch(address) or (address.isdecimal() and len(address) > 4)):
        raise Refused("tasks.contact_how")
    draft = _located(draft, replace(heard, address=address), text, community)
    if not draft.since and not draft.whenever:
        draft = _timed(draft, text, message, community)
    return _next(draft, message, community)


def _address_in(text: str, now: datetime) -> str:
    """An answer without phones and without when: 「幸福路12号院,明天上午」."""
    moment = find_when(text, now)
    without = text if moment is None else f"{text[: moment.span[0]]} {text[moment.span[1] :]}"
    return rest_of_contact(without)


def _when_said(message: Message, community: Community) -> str | None:
    now = message.received_at.astimezone(community.rules.zone)
    own = ("tasks.order", "bookings.change") if find_when(message.text, now) is not None else ()
    return None if _something_else(message, *own) or _is_report(message.text) else message.words


@router.answer("tasks.when", "whenever", stays_open=True, otherwise=_when_said)
def when_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """When it suits."""
    draft = replace(Draft.of(question), amiss="")
    if choice == "whenever":
        return _next(replace(draft, whenever=True), message, community)
    draft = _timed(draft, message.text, message, community)
    if not draft.amiss and not (draft.since or draft.whenever or draft.urgent):
        raise Refused("tasks.when_how")
    return _next(draft, message, community)


@router.when_back("tasks.contact")
def back_to_what(message: Message, community: Community, question: Question) -> Replies:
    """The menu once more."""
    draft = Draft.of(question)
    services = community.tasks.ordering.menu(draft.node)
    return [ask_service(replace(draft, what="", service="", amiss="").about(), services, 0, community)]


@router.when_back("tasks.when")
def back_to_contact(message: Message, community: Community, question: Question) -> Replies:
    """Address and phone once more."""
    return [_ask_contact(replace(Draft.of(question), address="", phone="", amiss=""), community)]


# --- cancelling, changing -----------------------------------------------------------------------------------------


@router.command("tasks.cancel")
@privately
def cancel(message: Message, community: Community, task: str, words: str = "") -> Replies:
    """「取消T045」 by its orderer or staff; whoever has promised it gives it back by that."""
    ledger = community.tasks.ledger
    found = ledger.existing(id_of(task))
    if not ledger.is_orderer(message.person, found) and ledger.claim_of(message.person.id, found) is not None:
        slots = {"task": task, "words": words} if words else {"task": task}
        return as_replies(router.run(Heard("tasks.give_back", slots), message, community))
    return _cancel(found.id, words, message, community)


@router.command("tasks.change")
@privately
def change(message: Message, community: Community, task: str, words: str = "") -> Replies:
    """「改T045 周五下午」, also another address or phone."""
    now = message.received_at.astimezone(community.rules.zone)
    text = normalise(words)
    found = community.tasks.ledger.existing(id_of(task))
    said = hear_contact(text)
    draft = _located(Draft(found.node_id, place=found.place_id or "", minutes=found.minutes), said, text, community)
    if draft.amiss:
        name = community.tree.nodes[found.node_id].name
        raise Refused("tasks.no_such_building", community=name, building=said.building)
    draft = _timed(draft, text, message, community)
    if draft.amiss:
        raise Refused(f"tasks.change_{draft.amiss}", number=found.number, days=community.rules.book_ahead.days)
    window = (datetime.fromisoformat(draft.since), datetime.fromisoformat(draft.until)) if draft.since else None
    if window is None and not draft.address and not draft.phone:
        raise Refused("tasks.change_how", number=found.number)
    outcome = community.tasks.ordering.change(
        found.id,
        message.person,
        now,
        window=window,
        place_id=draft.place,
        address=_address(draft, community) if draft.address else "",
        phone=draft.phone,
    )
    line = own_line(outcome.public, community)
    noted = contact(replace(found, address=draft.address, phone=draft.phone), community)
    more = in_words("tasks.contact", community, contact=f"{noted},") if draft.address or draft.phone else ""
    answer = say("tasks.changed", number=found.number, line=line, more=more)
    return [*_advice(message), answer, *changed(outcome, community, now)]


@router.command("tasks.pair")
@privately
def pair(message: Message, community: Community, task: str) -> Replies:
    """「T045 两人同行」, by staff."""
    outcome = community.tasks.ordering.pair(id_of(task), message.person, message.received_at)
    number = outcome.task.number
    return [say("tasks.paired", number=number), *to_each(outcome.takers, "tasks.paired_for_taker", number=number)]


@router.command("tasks.alone")
@privately
def alone(message: Message, community: Community, task: str) -> Replies:
    """「T045 一人就行」, by staff."""
    outcome = community.tasks.ordering.alone(id_of(task), message.person, message.received_at)
    said = [say("tasks.alone", number=outcome.task.number)]
    if isinstance(outcome, Claimed):
        return [*said, *router.words_of(outcome, community, message.received_at)]
    return said


def _cancel(task_id: int, reason: str, message: Message, community: Community) -> Replies:
    outcome = community.tasks.ordering.cancel(task_id, message.person, mask(reason), message.received_at)
    task = outcome.task
    return [
        say("tasks.cancelled", number=task.number, what=task.what),
        *router.words_of(outcome, community, message.received_at),
    ]


def _affairs(message: Message, community: Community) -> list[Affair]:
    found = community.tasks.ordering.open_of(message.person, message.received_at)
    ledger = community.tasks.ledger
    return [Affair(each.id, f"{each.number} {own_line(ledger.public(each), community)}") for each in found]


def _drop(message: Message, community: Community, task_id: int) -> Replies:
    return _cancel(task_id, "", message, community)


router.affairs["tasks"] = Affairs(_affairs, _drop)


# --- from grievances and back -------------------------------------------------------------------------------------


@router.command("tasks.from_grievance")
@privately
def from_grievance(message: Message, community: Community, number: int) -> Replies:
    """「0123 转任务」: volunteers are asked as well; the case goes on."""
    case = community.tasks.ordering.case(number, message.person, message.received_at)
    draft = _from_case(case, message, community)
    outcome = community.tasks.ordering.from_grievance(_order_of(draft, community), message.person, message.received_at)
    task, line = outcome.public.task, public_line(outcome.public, community)
    about: dict[str, Any] = {"case": case.number, "number": task.number, "line": line}
    return [
        say("tasks.case_became_task", **about),
        *to_each([case.resident_id], "tasks.your_case_became_task", **about),
    ]


def _from_case(case: Grievance, message: Message, community: Community) -> Draft:
    draft = Draft(
        case.community_id, place=case.place_id or "", address=case.place, contact_asked=True, case=case.number
    )
    draft = _heard(draft, normalise(case.words), case.words, message, community)
    what = draft.what or shorten(mask(case.words), LONGEST_SHOWN)
    return replace(draft, what=what, place=case.place_id or draft.place, address=draft.address or case.place)


@router.command("tasks.to_grievance")
@privately
def to_grievance(message: Message, community: Community, task: str, words: str = "") -> Replies:
    """「T045 转诉求」: it is nothing for volunteers."""
    found = community.tasks.ledger.existing(id_of(task))
    said = words or found.words or found.what
    text = normalise(said)
    category = categories.categories(text)[0].name
    place = find_place(text)
    told = Told(
        words=said,
        where=Where(place.words, place.building) if place is not None else community.tasks.ordering.home_of(found.id),
        category=category,
        deadline_class=DeadlineClass(categories.deadline_class(text, category)),
        private=categories.is_private(text, category),
        on_behalf=load()["grievances.on_behalf"].format(whom=found.for_whom) if found.for_whom else "",
    )
    outcome = community.tasks.ordering.to_grievance(found.id, message.person, told, message.received_at)
    key = "tasks.became_grievance" if outcome.outcome is not None else "tasks.back_to_case"
    sent = router.words_of(outcome.outcome, community, message.received_at) if outcome.outcome is not None else []
    return [
        say(key, number=found.number, case=outcome.number),
        *router.words_of(outcome, community, message.received_at),
        *sent,
    ]


# --- inside -------------------------------------------------------------------------------------------------------


def _begin(message: Message, community: Community) -> Draft:
    """Something new: what was asked here before is over."""
    for question in community.questions.open_for(message.person.id, message.received_at):
        if question.kind in ASKED:
            community.questions.close(question, message.received_at)
    node = community.tasks.ordering.community_of(message.person, group_node(message))
    return Draft(node.id, group=message.incoming.group or "")


def _once_more(question: Question) -> Reply:
    """The same question in the same words: what was said does not answer it."""
    return ask(question.prompt_key, question.kind, question.about, **question.prompt_values)


def _something_else(message: Message, *own: str) -> bool:
    """A cry for help, 「取消」 and 「返回」, or another command: no answer to what was asked here."""
    listed = phrasebook.load().words
    said = message.text.rstrip(_MARKS)
    if not said or {said, said.rstrip("吧了")} & {*listed["cancel"], *listed["back"]}:
        return True
    alarm = hear_alarm(message.text)
    if alarm is not None and alarm.certain:
        return True
    heard = phrasebook.load().listener.command(message.text)
    return heard is not None and heard.command not in own


def _is_report(text: str) -> bool:
    """Whether words are surely about something that the community takes care of."""
    return categories.categories(text)[0].score >= SURE


def _tells_of_trouble(message: Message, community: Community) -> bool:
    """「楼道灯坏了」 is a report; 「遛狗」, though also a matter of reports, is something to be done."""
    if not _is_report(message.text) or not any(each in message.text for each in phrasebook.load().listener.trouble):
        return False
    node = community.tasks.ordering.community_of(message.person, group_node(message))
    menu = offered(community.tasks.ordering.menu(node.id))
    return find_offered(message.text, menu, words().alike) is None


def _advice(message: Message) -> Replies:
    """Phones and addresses had better not stand in a group."""
    if message.in_group and find_personal(message.words):
        return [say_in_group("help.in_private"), say("tasks.recall")]
    return []


def _heard(draft: Draft, text: str, typed: str, message: Message, community: Community) -> Draft:
    """With all that a text says. Raises `Refused` for what cannot be ordered."""
    services = community.tasks.ordering.menu(draft.node)
    now = message.received_at.astimezone(community.rules.zone)
    wanted = hear_order(text, offered(services), words(), now)
    _check(wanted, draft, community)
    draft = replace(draft, words=mask(typed), whom=draft.whom or wanted.whom)
    if wanted.offered is not None:
        draft = replace(_with_service(draft, services[wanted.offered]), what=wanted.what)
    elif wanted.what:
        known = canonical(wanted.what)
        draft = replace(draft, what=mask(wanted.what), skill=known if known in SAME else "")
    if wanted.two:
        draft = replace(draft, takers=2)
    return _timed(_located(draft, wanted.contact, text, community), text, message, community)


def _check(wanted: Wanted, draft: Draft, community: Community) -> None:
    if wanted.turned is Turned.MONEY:
        raise Refused("tasks.no_money")
    if wanted.turned is Turned.DANGEROUS:
        raise Refused("tasks.no_danger")
    _check_place(wanted.contact, draft, community)


def _check_place(said: Contact, draft: Draft, community: Community) -> None:
    """An address in another community is none of this one's business."""
    if said.elsewhere and community.tree.node_called(said.elsewhere) is None:
        name = community.tree.nodes[draft.node].name
        raise Refused("tasks.elsewhere", place=said.elsewhere, community=name)


def _with_service(draft: Draft, service: Service) -> Draft:
    return replace(
        draft,
        what=service.name,
        service=service.id,
        skill=service.skill,
        at_home=service.at_home,
        takers=max(draft.takers, service.takers),
        minutes=service.minutes,
    )


def _located(draft: Draft, said: Contact, text: str, community: Community) -> Draft:
    """With the address and phone that were said; the building may be known from before."""
    _check_place(said, draft, community)
    node = _node_named(said, text, draft.node, community)
    if said.building is not None and node is None:
        return replace(draft, amiss=f"building {said.building}", phone=said.phone or draft.phone)
    place = node.id if node is not None else draft.place
    return replace(draft, place=place, address=said.address or draft.address, phone=said.phone or draft.phone)


def _address(draft: Draft, community: Community) -> str:
    """The address as somebody finds it: a unit or a room alone stands behind the building that is known."""
    place = community.tree.nodes.get(draft.place)
    building = place.name if place is not None and place.building_number is not None else ""
    if not draft.address:
        return "" if draft.contact_kept else building
    within = find_whereabouts(draft.address)
    alone = within is not None and within.building is None and (within.unit is not None or within.room is not None)
    return f"{building}{draft.address}" if alone or draft.address.isdecimal() else draft.address


def _node_named(said: Contact, text: str, node_id: str, community: Community) -> Any:
    if said.building is not None:
        return community.tree.building(node_id, said.building)
    named = community.tree.named_in(text, node_id)
    return named[1] if named is not None else None


def _timed(draft: Draft, text: str, message: Message, community: Community) -> Draft:
    """With the time that was said, unless it is over or too far."""
    now = message.received_at.astimezone(community.rules.zone)
    urgent, whenever = hear_haste(text, words())
    draft = replace(draft, urgent=draft.urgent or urgent, whenever=draft.whenever or whenever)
    window = hear_window(text, now)
    if window is None:
        return draft
    since, until = window[0], window[1] or window[0] + timedelta(minutes=draft.minutes)
    if until <= now:
        return replace(draft, amiss=draft.amiss or "past")
    if since > now + community.rules.book_ahead:
        return replace(draft, amiss=draft.amiss or "far")
    return replace(draft, since=since.isoformat(), until=until.isoformat())


def _for_person(draft: Draft, person: Person, community: Community) -> Draft:
    """For somebody whom the community knows: their home is where it is, unless something else was said."""
    return _at_home(replace(draft, whose=person.id, name=person.name), person, community)


def _at_home(draft: Draft, person: Person, community: Community) -> Draft:
    home = community.tree.community_of(person.node_id)
    if draft.place or home is None or home.id != draft.node:
        return draft
    return replace(draft, place=person.node_id or "")


def _next(draft: Draft, message: Message, community: Community) -> Replies:
    """The next that has not been said; at the end it is ordered."""
    services = community.tasks.ordering.menu(draft.node)
    if not draft.what:
        return [ask_service(draft.about(), services, 0, community)]
    if not draft.place and not draft.name:
        draft = _at_home(draft, message.person, community)
    if draft.amiss.startswith("building") or (not draft.contact_asked and not (draft.address and draft.phone)):
        return [_ask_contact(draft, community)]
    if not (draft.since or draft.urgent or draft.whenever):
        return [_ask_when(draft, community)]
    return _ordered(draft, message, community)


def _ask_contact(draft: Draft, community: Community) -> Reply:
    kept, what = draft.about(), draft.what
    if draft.amiss.startswith("building"):
        name, building = community.tree.nodes[draft.node].name, draft.amiss.split()[1]
        return ask("tasks.ask_building", "tasks.contact", kept, community=name, building=building)
    if draft.address:
        return ask("tasks.ask_phone", "tasks.contact", kept, what=what)
    if draft.phone:
        return ask("tasks.ask_address", "tasks.contact", kept, what=what)
    home = community.tree.nodes.get(draft.place)
    if home is not None and home.building_number is not None:
        return ask("tasks.ask_contact_home", "tasks.contact", kept, what=what, place=home.name)
    return ask("tasks.ask_contact", "tasks.contact", kept, what=what)


def _ask_when(draft: Draft, community: Community) -> Reply:
    kept = replace(draft, amiss="").about()
    if draft.amiss == "past":
        return ask("tasks.ask_when_past", "tasks.when", kept)
    if draft.amiss == "far":
        return ask("tasks.ask_when_far", "tasks.when", kept, days=community.rules.book_ahead.days)
    return ask("tasks.ask_when", "tasks.when", kept)


def _ask_person(draft: Draft, found: Sequence[Person], community: Community) -> Reply:
    nodes = community.tree.nodes
    lines = "\n".join(
        in_words("tasks.person", community, number=sign, name=each.name, place=nodes[each.node_id or draft.node].name)
        for sign, each in zip(CIRCLED, found, strict=False)
    )
    about = {**draft.about(), **{f"person{at}": each.id for at, each in zip(NUMBERS, found, strict=False)}}
    return ask("tasks.which_person", "tasks.person", about, lines=lines)


def _order_of(draft: Draft, community: Community) -> Order:
    return Order(
        node_id=draft.node,
        what=draft.what,
        words=draft.words or draft.what,
        for_whom=draft.whom,
        service_id=draft.service or None,
        skill=draft.skill,
        place_id=draft.place or None,
        address=_address(draft, community),
        phone=draft.phone,
        at_home=draft.at_home,
        takers=draft.takers,
        urgent=draft.urgent,
        from_at=datetime.fromisoformat(draft.since) if draft.since else None,
        until_at=datetime.fromisoformat(draft.until) if draft.until else None,
        minutes=draft.minutes,
        group=draft.group or None,
        grievance_number=draft.case or None,
    )


def _ordered(draft: Draft, message: Message, community: Community) -> Replies:
    orderer = community.people.by_id(draft.whose) if draft.whose else message.person
    assert orderer is not None
    order = _order_of(draft, community)
    try:
        outcome = community.tasks.ordering.order(order, orderer, message.person, message.received_at)
    except Refused as refused:  # another answer would not do either: nothing is asked any more
        return [say(refused.key, **refused.values)]
    number, line = outcome.public.task.number, own_line(outcome.public, community)
    more = _more(outcome, community)
    if not draft.whose:
        return [say("tasks.ordered", number=number, line=line, more=more)]
    return [
        say("tasks.ordered_for_them", number=number, line=line, more=more, name=orderer.name),
        *to_each(_reached(outcome, orderer, community), "tasks.ordered_for_you", number=number, line=line),
    ]


def _reached(outcome: Ordered, orderer: Person, community: Community) -> list[str]:
    """For whom staff ordered, by id, where any channel reaches them."""
    return [each for each in [community.tasks.dispatch.ear(outcome.public.task)] if each == orderer.id]


def _more(outcome: Ordered, community: Community) -> str:
    """What else is said back: that two go, address and phone, and that nobody is asked at night."""
    task = outcome.public.task
    found = [in_words("tasks.two_go", community)] if task.takers > 1 else []
    if task.address or task.phone:
        found.append(in_words("tasks.contact", community, contact=f"{contact(task, community)},"))
    if not outcome.at_once:
        found.append(in_words("tasks.tomorrow", community, hour=community.rules.quiet_to.hour))
    return "".join(found)
