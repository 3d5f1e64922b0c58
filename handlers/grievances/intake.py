"""Reporting: what, where, photos; what it is about; and neighbours who have the same."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from community import Community
from community.grievances import DeadlineClass, Grievance
from community.grievances.intake import Told
from community.grievances.outcomes import (
    Classified,
    PhotosAdded,
    PlaceMissing,
    Reported,
    SameAs,
    ToConfirm,
    Where,
)
from community.grievances.steps import State
from community.parts.questions import Question
from community.refused import Refused
from handlers.grievances.wording import PLACE, QUOTE, as_typed, dispatched, sent_out, shown, title, to_each
from handlers.hearing import categories
from handlers.hearing.behalf import on_behalf_of
from handlers.hearing.normalise import normalise
from handlers.hearing.personal import find_personal
from handlers.hearing.places import find_place
from handlers.messages import Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import load, shorten

ASKED_ABOUT_ONE = frozenset(
    f"grievances.{kind}"
    for kind in ("place", "confirm", "change", "reword", "category", "same", "answer", "more", "verdict", "rating")
)
"""Questions about one grievance: a photo that comes while one is open belongs to it."""

MORE_THAN_A_PLACE = 2
"""Characters beside the place from which an answer to 「在哪里」 also says what is the matter."""

_NOTHING = re.compile(
    r"(?:在吗|在么|在不在|有人吗|有人么|有人在吗|你好|您好|请问|喂|哈喽|嗨|谢谢|那个|这个|的|了|里|楼道|[^\w])+"
)
_FILLER = re.compile(r"[嗯哦啊好行是对的呢吧ok.,。!~?\s]+|在吗|你好|您好|不知道|收到")
_ANONYMOUS = re.compile(r"匿名|(?:别|不要|不想)(?:说|写|提|留|透露)(?:出)?我?的?(?:名字|姓名|名)|保密")


@router.command("grievances.report", takes_photos=True)
def report(message: Message, community: Community, words: str = "") -> Replies:
    """Takes in what the resident says, in their own words."""
    if message.in_group and message.group is None:
        return [say_in_group("groups.unbound")]
    said = as_typed(message, words)
    if not said:
        return [ask("grievances.ask_words", "grievances.words", {"place": ""})]
    told = understand(said, community, message)
    if _says_nothing(said, told.where):
        place = told.where.words
        if place:
            return [ask("grievances.ask_words_there", "grievances.words", {"place": place}, place=place)]
        return [ask("grievances.ask_words", "grievances.words", {"place": ""})]
    outcome = community.grievances.intake.report(
        message.person, message.group, told, message.photos, message.received_at
    )
    return [*_said_in_group(outcome, said, message), *_answer(outcome, message, community)]


def _says_nothing(said: str, where: Where) -> bool:
    """Only a place, only 「在吗」: there is something, but not yet what."""
    text = normalise(said)
    rest = text.replace(normalise(where.words), "", 1) if where.words else text
    return not rest or _NOTHING.fullmatch(rest) is not None


@router.answer("grievances.words")
def words_given(message: Message, community: Community, question: Question, words: str) -> Replies:
    """What it is about, said after 「反映」 alone, after a place alone, or after a photo."""
    place = str(question.about.get("place") or "")
    if place and whereabouts(normalise(words), community, message) == Where():
        words = f"{place} {words}"
    return report(message, community, words)


@router.answer("grievances.place")
def place_given(message: Message, community: Community, question: Question, words: str) -> Replies:
    """Where it is. A number alone is a building."""
    told = normalise(words)
    where = (
        Where(words, int(told)) if told.isdigit() and len(told) <= 3 else whereabouts(told, community, message, words)
    )
    if where.building is None and where.node_id is None and _FILLER.fullmatch(told):
        draft = community.grievances.intake.draft(question.about["number"], message.person)
        return ask_place(PlaceMissing(draft))
    outcome = community.grievances.intake.locate(
        question.about["number"],
        message.person,
        where,
        message.received_at,
        more=words if len(told) > len(where.words) + MORE_THAN_A_PLACE else "",
        insist=bool(question.about["again"]),
    )
    return _answer(outcome, message, community)


@router.answer("grievances.confirm", "right", "wrong")
def confirmed(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Read back: right so, or something is to be changed."""
    number = question.about["number"]
    if choice == "right":
        confirmed = community.grievances.intake.confirm(number, message.person, message.received_at)
        return _answer(confirmed, message, community)
    return [ask("grievances.ask_change", "grievances.change", {"number": number}, number=number)]


@router.answer("grievances.change", "place", "words", "category", "drop")
def change(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """What is to be changed before it goes out."""
    number = question.about["number"]
    draft = community.grievances.intake.draft(number, message.person)
    if choice == "place":
        return ask_place(PlaceMissing(draft))
    if choice == "words":
        return ask("grievances.ask_words_again", "grievances.reword", {"number": number}, number=number)
    if choice == "category":
        return _ask_category(draft)
    return _dropped(number, message, community)


@router.answer("grievances.reword")
def reworded(message: Message, community: Community, question: Question, words: str) -> Replies:
    """The same in better words."""
    number = question.about["number"]
    outcome = community.grievances.intake.reword(number, message.person, words, message.received_at)
    return _answer(outcome, message, community)


@router.when_dropped("grievances.place")
@router.when_dropped("grievances.confirm")
@router.when_dropped("grievances.change")
@router.when_dropped("grievances.reword")
@router.when_dropped("grievances.same")
def dropped(message: Message, community: Community, question: Question) -> Reply:
    """The resident does not want to go on."""
    return _dropped(question.about["number"], message, community)


@router.when_back("grievances.confirm")
@router.when_back("grievances.change")
def back_to_place(message: Message, community: Community, question: Question) -> Replies:
    """Back to where it is."""
    draft = community.grievances.intake.draft(question.about["number"], message.person)
    return ask_place(PlaceMissing(draft))


# --- what it is about ---------------------------------------------------------------------------------------


@router.answer("grievances.category", "1", "2", "3")
def category_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """The right one of three. A draft is read back with it."""
    number, category = question.about["number"], str(question.about[f"category{choice}"])
    outcome = _classify(number, category, message, community)
    if outcome.grievance.state is State.DRAFT:
        return [ask_confirm(outcome.grievance)]
    return _classified(outcome)


def _classified(outcome: Classified) -> Replies:
    grievance = outcome.grievance
    values: dict[str, Any] = {"number": grievance.number, "category": title(grievance.category)}
    people = outcome.responsible.ids if outcome.responsible else ()
    if grievance.state is State.DRAFT:
        return [say("grievances.classified_draft", **values)]
    return [
        say("grievances.classified", resolve_by=grievance.resolve_by, **values),
        *dispatched(grievance, people),
    ]


@router.command("grievances.classify")
def classify(message: Message, community: Community, number: int, words: str = "") -> Replies | Reply:
    """「改类 0012 电梯」: it is about something else."""
    wanted = words.strip()
    names = {known.title: name for name, known in categories.listed().items()} | {
        name: name for name in categories.listed()
    }
    found = names.get(wanted) or next((name for shown, name in names.items() if wanted and wanted in shown), None)
    if found is None and wanted:
        found = categories.categories(wanted)[0].name
    if not wanted or found in (None, categories.OTHER):
        return _ask_category(community.grievances.verdicts.look_up(number, message.person).grievance)
    return _classified(_classify(number, str(found), message, community))


@router.command("grievances.hide_name")
def hide_name(message: Message, community: Community, number: int) -> Reply:
    """「匿名 0012」."""
    community.grievances.intake.hide_name(number, message.person, message.received_at)
    return say("grievances.name_hidden", number=number)


# --- the same as a neighbour's ------------------------------------------------------------------------------


@router.answer("grievances.same", "join", "own")
def same_or_own(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Follow the neighbours' or have a number of one's own."""
    number = question.about["number"]
    if choice == "own":
        confirmed = community.grievances.intake.confirm(number, message.person, message.received_at)
        return _answer(confirmed, message, community)
    joined = community.grievances.intake.join_instead(
        number, question.about["earlier"], message.person, message.received_at
    )
    if isinstance(joined, Reported):
        return _answer(joined, message, community)
    return [
        say("grievances.joined", number=joined.grievance.number),
        *_told_of_household(joined.grievance, community),
    ]


@router.command("grievances.join")
def join(message: Message, community: Community, number: int | None = None) -> Replies:
    """「我家也是」, 「+1」: in a group it means what was last told there."""
    if number is None:
        told = community.grievances.intake.told_in(message.group, message.received_at) if message.group else None
        if told is None:
            raise Refused("grievances.join_what")
        number = told.number
    joined = community.grievances.intake.join(number, message.person, message.received_at, message.group)
    values: dict[str, Any] = {"number": joined.grievance.number, "households": joined.grievance.households}
    if not joined.first:
        return [say("grievances.joined_already", number=joined.grievance.number)]
    return [
        say_in_group("grievances.households", **values),
        say("grievances.joined", number=joined.grievance.number),
        *_told_of_household(joined.grievance, community),
    ]


def _told_of_household(grievance: Grievance, community: Community) -> Replies:
    at_work = community.grievances.intake.cases.at_work(grievance)
    values: dict[str, Any] = {"number": grievance.number, "households": grievance.households}
    return to_each(at_work, "grievances.household_for_staff", **values)


# --- photos and additions -----------------------------------------------------------------------------------


@router.photos
def photos(message: Message, community: Community) -> Replies:
    """Photos without words."""
    owed = [] if message.in_group else community.questions.open_for(message.person.id, message.received_at)
    asked = next((each.about["number"] for each in owed if each.kind in ASKED_ABOUT_ONE), None)
    outcome = community.grievances.intake.add_photos(message.person, message.photos, message.received_at, asked)
    if isinstance(outcome, PhotosAdded):
        number, count = outcome.grievance.number, outcome.grievance.photos
        to_staff = to_each(outcome.tell, "grievances.photo_for_staff", number=number, photos=count)
        return [say("grievances.photo_added", number=number, photos=count), *to_staff]
    return [ask("grievances.photo_kept", "grievances.words", {"place": ""})]


@router.command("grievances.add", takes_photos=True)
def add(message: Message, community: Community, number: int, words: str = "") -> Replies:
    """「补充 0012 …」 by the resident, by those who joined, or by those at work on it."""
    said = as_typed(message, words)
    if not said and not message.photos:
        community.grievances.verdicts.look_up(number, message.person)
        return [ask("grievances.add_what", "grievances.more", {"number": number}, number=number)]
    return _add(number, said, message, community)


@router.answer("grievances.more")
def more_given(message: Message, community: Community, question: Question, words: str) -> Replies:
    """What is to be added: after 「补充 0012」 alone, or where somebody in danger is."""
    return _add(question.about["number"], words, message, community)


def _add(number: int, said: str, message: Message, community: Community) -> Replies:
    outcome = community.grievances.intake.add(number, message.person, said, message.photos, message.received_at)
    values: dict[str, Any] = {"number": number, "words": shorten(said, QUOTE), "photos": outcome.grievance.photos}
    key = "grievances.added_with_photos" if message.photos else "grievances.added_for_others"
    return [
        say("grievances.added", number=number),
        *to_each(outcome.tell, key, **values),
    ]


# --- understanding ------------------------------------------------------------------------------------------


def understand(said: str, community: Community, message: Message) -> Told:
    """What the ear makes of a resident's words."""
    text = normalise(said)
    category = categories.categories(text)[0].name
    whom = on_behalf_of(text)
    return Told(
        words=said,
        where=whereabouts(text, community, message),
        category=category,
        deadline_class=DeadlineClass(categories.deadline_class(text, category)),
        private=categories.is_private(text, category),
        anonymous=_ANONYMOUS.search(text) is not None,
        on_behalf=load()["grievances.on_behalf"].format(whom=whom) if whom else "",
    )


def whereabouts(text: str, community: Community, message: Message, otherwise: str = "") -> Where:
    """A building by its number, or a place that the community file names."""
    place = find_place(text)
    if place is not None and place.building is not None:
        return Where(place.words, place.building)
    area = community.tree.community_of(message.group.node_id if message.group else message.person.node_id)
    area = area or community.tree.only_community()
    named = community.tree.named_in(text, area.id) if area else None
    return Where(named[0], node_id=named[1].id) if named else Where(otherwise)


def _answer(outcome: Reported | PlaceMissing | SameAs | ToConfirm, message: Message, community: Community) -> Replies:
    if isinstance(outcome, PlaceMissing):
        return ask_place(outcome)
    if isinstance(outcome, SameAs):
        return [_ask_same(outcome)]
    if isinstance(outcome, ToConfirm):
        return [ask_confirm(outcome.grievance)]
    return [*_told_to_resident(outcome, community), *sent_out(outcome, community, message.received_at)]


def _said_in_group(outcome: Reported | PlaceMissing | SameAs, said: str, message: Message) -> Replies:
    if not message.in_group:
        return []
    grievance, later = outcome.grievance, _answer_at(outcome)
    if grievance.private:
        return [say_in_group("grievances.private_in_group", not_before=later), say("grievances.recall")]
    advice = [say("grievances.recall")] if find_personal(said) else []
    return [say_in_group("grievances.taken_in_group", not_before=later, number=grievance.number), *advice]


def _answer_at(outcome: Reported | PlaceMissing | SameAs) -> datetime | None:
    return outcome.answer_at if isinstance(outcome, Reported) else None


def _told_to_resident(outcome: Reported, community: Community) -> Replies:
    grievance = outcome.grievance
    number, place = grievance.number, shorten(grievance.place, PLACE)
    values: dict[str, Any]
    if outcome.responsible is None:
        return [say("grievances.taken_by_nobody", number=number, place=place, respond_by=grievance.respond_by)]
    if grievance.deadline_class is DeadlineClass.LIFE and grievance.place_id == grievance.community_id:
        holder = shown(outcome.responsible.people[0])
        return [ask("grievances.taken_in_danger", "grievances.more", {"number": number}, number=number, holder=holder)]
    if outcome.answer_at is not None:
        values = {"number": number, "place": place, "category": title(grievance.category)}
        return [say("grievances.taken_as_well", not_before=outcome.answer_at, **values)]
    values = {
        "number": number,
        "place": place,
        "category": title(grievance.category),
        "holder": outcome.responsible.people[0],
        "respond_by": grievance.respond_by,
        "resolve_by": grievance.resolve_by,
    }
    if grievance.private:
        return [say("grievances.taken_private", **values)]
    if grievance.anonymous:
        return [say("grievances.taken_anonymous", **values)]
    return [
        say("grievances.taken_urgent" if grievance.respond_by == grievance.resolve_by else "grievances.taken", **values)
    ]


@router.words_for(Reported)
def reported_elsewhere(outcome: Reported, community: Community, now: datetime) -> Replies:
    """One that another service took down for the resident: those who must act hear of it."""
    return sent_out(outcome, community, now)


@router.words_for(PlaceMissing, SameAs)
def asked_elsewhere(outcome: PlaceMissing | SameAs, community: Community, now: datetime) -> Replies:
    """The same, where the resident must say where it is, or whether it is the neighbours'."""
    asked = ask_place(outcome) if isinstance(outcome, PlaceMissing) else [_ask_same(outcome)]
    return [replace(each, to=outcome.grievance.resident_id) for each in asked]


def ask_place(outcome: PlaceMissing) -> Replies:
    """Where is it? Or, where a building does not exist, where is it really?"""
    number, building = outcome.grievance.number, outcome.unknown_building
    if building is None:
        return [ask("grievances.ask_place", "grievances.place", {"number": number, "again": False}, number=number)]
    about: dict[str, Plain] = {"number": number, "again": True}
    return [ask("grievances.ask_place_again", "grievances.place", about, number=number, building=building)]


def ask_confirm(draft: Grievance) -> Reply:
    """Reads it back before it goes out."""
    return ask(
        "grievances.ask_confirm",
        "grievances.confirm",
        {"number": draft.number},
        number=draft.number,
        place=shorten(draft.place, PLACE),
        words=shorten(draft.words, QUOTE),
        category=title(draft.category),
    )


def _ask_same(outcome: SameAs) -> Reply:
    return ask(
        "grievances.ask_same",
        "grievances.same",
        {"number": outcome.grievance.number, "earlier": outcome.earlier.number},
        earlier=outcome.earlier.number,
        households=outcome.earlier.households,
    )


def _ask_category(grievance: Grievance) -> Reply:
    guesses = [guess.name for guess in categories.categories(normalise(grievance.words))]
    offered = _three(guesses, grievance.category)
    about: dict[str, Plain] = {"number": grievance.number}
    about |= {f"category{number}": name for number, name in enumerate(offered, start=1)}
    choices = " ".join(f"{number}{title(name)}" for number, name in enumerate(offered, start=1))
    return ask("grievances.ask_category", "grievances.category", about, number=grievance.number, choices=choices)


def _three(guesses: Sequence[str], current: str) -> list[str]:
    """Three that it might be, the one it is now not among them."""
    usual = ("property_management", "security", categories.OTHER, "rubbish")
    return [name for name in dict.fromkeys((*guesses, *usual)) if name != current][:3]


def _classify(number: int, category: str, message: Message, community: Community) -> Classified:
    words = normalise(community.grievances.verdicts.look_up(number, message.person).grievance.words)
    return community.grievances.intake.classify(
        number,
        message.person,
        category,
        DeadlineClass(categories.deadline_class(words, category)),
        message.received_at,
        private=categories.is_private(words, category),
    )


def _dropped(number: int, message: Message, community: Community) -> Reply:
    draft = community.grievances.intake.withdraw_draft(number, message.person, message.received_at)
    return say("grievances.draft_dropped", number=draft.number)
