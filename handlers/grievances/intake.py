"""Reporting: what, where, photos; what it is about; and neighbours who have the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from community import Community
from community.grievances import DeadlineClass, Grievance
from community.grievances.intake import Told
from community.grievances.outcomes import (
    Classified,
    Joined,
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
from handlers import phrasebook
from handlers.grievances.wording import PLACE, QUOTE, as_typed, dispatched, sent_out, shown, shows, title, to_each
from handlers.hearing import categories
from handlers.hearing.behalf import on_behalf_of
from handlers.hearing.corrections import said_instead
from handlers.hearing.normalise import normalise
from handlers.hearing.personal import find_personal
from handlers.hearing.places import find_place
from handlers.messages import Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import load, shorten, worded

ASKED_ABOUT_ONE = frozenset(
    f"grievances.{kind}"
    for kind in ("place", "confirm", "change", "reword", "category", "same", "answer", "more", "verdict", "rating")
)
"""Questions about one grievance: a photo that comes while one is open belongs to it."""

PLACE_IN_LINE = 8
"""Characters of a place where it shares a line with much else."""

LONGEST_CATEGORY = 10
"""Characters of what names a category. What is longer tells something."""

MORE_THAN_A_PLACE = 2
"""Characters beside the place from which an answer to 「在哪里」 also says what is the matter."""

_NOTHING = re.compile(
    r"(?:\d|匿名|反映|投诉|举报|我|想|要|一下|在吗|在么|在不在|有人吗|有人么|有人在吗|你好|您好|请问|喂|哈喽|嗨|谢谢|那个|这个|的|了|里|楼道|[^\w])+"
)
_FILLER = re.compile(r"[嗯哦啊好行是对的呢吧ok.,。!~?\s]+|在吗|你好|您好|不知道|收到")
_ANONYMOUS = re.compile(r"匿名|(?:别|不要|不想)(?:说|写|提|留|透露)(?:出)?我?的?(?:名字|姓名|名)|保密")


@dataclass(frozen=True, slots=True)
class Manner:
    """How somebody reports: for whom, and whether their name is to be left out."""

    whom: str
    anonymous: bool

    @classmethod
    def of(cls, text: str) -> Self:
        """What a normalised text says of it."""
        return cls(on_behalf_of(text), _ANONYMOUS.search(text) is not None)


@router.command("grievances.report", takes_photos=True)
def report(message: Message, community: Community, words: str = "") -> Replies:
    """Takes in what the resident says, in their own words."""
    if message.in_group and message.group is None:
        return [say_in_group("groups.unbound")]
    return _report(as_typed(message, words), Manner.of(message.text), message, community)


def _report(said: str, manner: Manner, message: Message, community: Community) -> Replies:
    told = understand(said, community, message, manner)
    if not said or _says_nothing(said, told.where):
        return [_ask_words(told.where.words if said else "", manner)]
    outcome = community.grievances.intake.report(
        message.person, message.group, told, message.photos, message.received_at
    )
    recall = _better_recalled(outcome.grievance, said, message)
    return [*_said_in_group(outcome, message), *_answer(outcome, message, community, recall=recall)]


def report_again(before: Grievance, said: str, message: Message, community: Community) -> Replies:
    """What was solved and is back: under a new number, with the words of then and of now."""
    place = "" if normalise(before.place) in normalise(before.words) else f"{before.place} "
    manner = Manner(before.on_behalf and on_behalf_of(before.on_behalf), before.anonymous)
    return _report(f"{place}{before.words};{said}", manner, message, community)


def _ask_words(place: str, manner: Manner) -> Reply:
    """What is it about? For whom, and whether without a name, has been said already."""
    about: dict[str, Plain] = {"place": place, "whom": manner.whom, "anonymous": manner.anonymous}
    if place:
        return ask("grievances.ask_words_there", "grievances.words", about, place=place)
    return ask("grievances.ask_words", "grievances.words", about)


def _says_nothing(said: str, where: Where) -> bool:
    """Only a place, only 「在吗」: there is something, but not yet what."""
    text = normalise(said)
    rest = text.replace(normalise(where.words), "", 1) if where.words else text
    return not rest or _NOTHING.fullmatch(rest) is not None


@router.answer("grievances.words")
def words_given(message: Message, community: Community, question: Question, words: str) -> Replies:
    """What it is about, said after 「反映」 alone, after a place alone, or after a photo."""
    about, manner = question.about, Manner.of(message.text)
    place = str(about.get("place") or "")
    if place and whereabouts(normalise(words), community, message) == Where():
        words = f"{place} {words}"
    whom, anonymous = manner.whom or str(about.get("whom") or ""), manner.anonymous or bool(about.get("anonymous"))
    return _report(words, Manner(whom, anonymous), message, community)


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


def _put_right(message: Message, community: Community) -> str | None:
    """「改成2号楼」, 「不是3号楼,是2号楼」, 「是下水道」: the place or the category that it says instead."""
    instead, corrects = said_instead(message.text)
    where = whereabouts(instead, community, message)
    if where != Where():
        only_a_place = len(instead) <= len(where.words) + MORE_THAN_A_PLACE
        return instead if corrects or only_a_place else None
    return instead if corrects and _category_said(instead) is not None else None


@router.answer("grievances.confirm", "right", "wrong", otherwise=_put_right)
def confirmed(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Read back: right so, or something is to be changed, if need be at once."""
    number = question.about["number"]
    if choice == "right":
        confirmed = community.grievances.intake.confirm(number, message.person, message.received_at)
        return _answer(confirmed, message, community)
    if choice != "wrong":
        return _changed(number, choice, message, community)
    return [ask("grievances.ask_change", "grievances.change", {"number": number}, number=number)]


def _changed(number: int, instead: str, message: Message, community: Community) -> Replies:
    """The place, or else the category, that was said instead."""
    where = whereabouts(instead, community, message)
    if where != Where():
        more = instead if len(instead) > len(where.words) + MORE_THAN_A_PLACE else ""
        located = community.grievances.intake.locate(number, message.person, where, message.received_at, more=more)
        return _answer(located, message, community)
    return [ask_confirm(_classify(number, str(_category_said(instead)), message, community).grievance)]


@router.answer("grievances.change", "place", "words", "category", "drop", otherwise=_put_right)
def change(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """What is to be changed before it goes out."""
    number = question.about["number"]
    if choice not in router.answers[question.kind].options:
        return _changed(number, choice, message, community)
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
def dropped(message: Message, community: Community, question: Question) -> Replies:
    """The resident does not want to go on."""
    return _dropped(question.about["number"], message, community)


@router.when_back("grievances.confirm")
@router.when_back("grievances.change")
def back_to_place(message: Message, community: Community, question: Question) -> Replies:
    """Back to where it is."""
    draft = community.grievances.intake.draft(question.about["number"], message.person)
    return ask_place(PlaceMissing(draft))


# --- what it is about ---------------------------------------------------------------------------------------


def _category_in_words(message: Message, community: Community) -> str | None:
    """「是下水道」, 「供水排水」: no order and no new report."""
    instead, _ = said_instead(message.text)
    if len(instead) > LONGEST_CATEGORY or find_place(instead) is not None:
        return None
    return _category_said(instead) if phrasebook.load().listener.command(message.text) is None else None


def _category_said(said: str) -> str | None:
    """A category by its title, part of it, its name, or a word for it; None where nothing is known."""
    names = {known.title: name for name, known in categories.listed().items()} | {
        name: name for name in categories.listed()
    }
    found = names.get(said) or next((name for shown, name in names.items() if said and said in shown), None)
    if found is None and said:
        guess = categories.categories(said)[0].name
        found = guess if guess != categories.OTHER else None
    return found


@router.answer("grievances.category", "1", "2", "3", otherwise=_category_in_words)
def category_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """The right one of three, or another that was named. A draft is read back with it."""
    number, category = question.about["number"], str(question.about.get(f"category{choice}", choice))
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
        *to_each(outcome.tell, "grievances.classified", resolve_by=grievance.resolve_by, **values),
        *dispatched(grievance, people),
    ]


@router.command("grievances.classify")
def classify(message: Message, community: Community, number: int, words: str = "") -> Replies | Reply:
    """「改类 0012 电梯」: it is about something else."""
    found = _category_said(words.strip())
    if found in (None, categories.OTHER):
        return _ask_category(community.grievances.verdicts.known(number, message.person))
    return _classified(_classify(number, str(found), message, community))


@router.command("grievances.hide_name")
def hide_name(message: Message, community: Community, number: int) -> Reply:
    """「匿名 0012」."""
    hidden = community.grievances.intake.hide_name(number, message.person, message.received_at)
    return say("grievances.name_hidden_late" if hidden.seen else "grievances.name_hidden", number=number)


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
    told = to_each(joined.moved, "grievances.merged_resident", number=number, into=joined.grievance.number)
    said = "grievances.joined" if joined.first else "grievances.added"
    return [
        say(said, number=joined.grievance.number),
        *told,
        *_told_of_household(joined, community),
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
        *_told_of_household(joined, community),
    ]


def _told_of_household(joined: Joined, community: Community) -> Replies:
    """Those at work hear of one more household, and what is new in what was said."""
    grievance = joined.grievance
    at_work = community.grievances.intake.cases.at_work(grievance)
    values: dict[str, Any] = {"number": grievance.number, "words": shorten(joined.words, QUOTE)}
    values["shows"] = shows(grievance, "words") if joined.words else ()
    if not joined.first:
        return to_each(at_work, "grievances.added_for_others", **values)
    key = "grievances.household_with_words" if joined.words else "grievances.household_for_staff"
    return to_each(at_work, key, households=grievance.households, **values)


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
        community.grievances.verdicts.known(number, message.person)
        return [ask("grievances.add_what", "grievances.more", {"number": number}, number=number)]
    return _add(number, said, message, community)


@router.answer("grievances.more")
def more_given(message: Message, community: Community, question: Question, words: str) -> Replies:
    """What is to be added: after 「补充 0012」 alone, or where somebody in danger is."""
    return _add(question.about["number"], words, message, community)


def _add(number: int, said: str, message: Message, community: Community) -> Replies:
    outcome = community.grievances.intake.add(number, message.person, said, message.photos, message.received_at)
    number = outcome.grievance.number  # of the one that it was merged into
    values: dict[str, Any] = {"number": number, "words": shorten(said, QUOTE), "photos": outcome.grievance.photos}
    values["shows"] = shows(outcome.grievance, "words") if said else ()
    key = "grievances.added_with_photos" if message.photos else "grievances.added_for_others"
    advice = [say("grievances.recall")] if _better_recalled(outcome.grievance, said, message) else []
    return [
        say("grievances.added_by_staff" if outcome.by_staff else "grievances.added", number=number),
        *advice,
        *to_each(outcome.tell, key, **values),
    ]


# --- understanding ------------------------------------------------------------------------------------------


def understand(said: str, community: Community, message: Message, manner: Manner) -> Told:
    """What the ear makes of a resident's words, and of the `manner` that it had heard before."""
    text = normalise(said)
    category = categories.categories(text)[0].name
    whom = on_behalf_of(text) or manner.whom
    return Told(
        words=said,
        where=whereabouts(text, community, message),
        category=category,
        deadline_class=DeadlineClass(categories.deadline_class(text, category)),
        private=categories.is_private(text, category),
        anonymous=manner.anonymous or _ANONYMOUS.search(text) is not None,
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


def _answer(
    outcome: Reported | PlaceMissing | SameAs | ToConfirm,
    message: Message,
    community: Community,
    *,
    recall: bool = False,
) -> Replies:
    """`recall`: what was said in the group had better not stand there."""
    advice = [say("grievances.recall")] if recall else []
    if isinstance(outcome, PlaceMissing):
        return [*advice, *ask_place(outcome)]
    if isinstance(outcome, SameAs):
        return [*advice, _ask_same(outcome)]
    if isinstance(outcome, ToConfirm):
        return [*advice, ask_confirm(outcome.grievance)]
    told = _told_to_resident(outcome, community, recall=recall)
    return [*told, *sent_out(outcome, community, message.received_at)]


def _said_in_group(outcome: Reported | PlaceMissing | SameAs, message: Message) -> Replies:
    if not message.in_group:
        return []
    grievance, later = outcome.grievance, _answer_at(outcome)
    if grievance.private:
        return [say_in_group("grievances.private_in_group", not_before=later)]
    return [say_in_group("grievances.taken_in_group", not_before=later, number=grievance.number)]


def _better_recalled(grievance: Grievance, said: str, message: Message) -> bool:
    """Whether words said in the group are for the resident and the workers alone."""
    return message.in_group and (grievance.private or bool(find_personal(said)))


def _answer_at(outcome: Reported | PlaceMissing | SameAs) -> datetime | None:
    return outcome.answer_at if isinstance(outcome, Reported) else None


def _told_to_resident(outcome: Reported, community: Community, *, recall: bool) -> Replies:
    grievance = outcome.grievance
    number, place, in_danger = grievance.number, shorten(grievance.place, PLACE), _in_danger(grievance)
    if in_danger and outcome.responsible is not None and grievance.place_id == grievance.community_id:
        holder = shown(outcome.responsible.people[0])
        about = {"number": number}
        return [ask("grievances.taken_in_danger", "grievances.more", about, number=number, holder=holder)]
    values: dict[str, Any] = {
        "number": number,
        "place": place,
        "category": title(grievance.category),
        "holder": outcome.responsible.people[0] if outcome.responsible else "",
        "respond_by": grievance.respond_by,
        "resolve_by": grievance.resolve_by,
        "hint": worded(f"grievances.hint_{_hint(grievance, recall=recall)}", number=number),
    }
    if outcome.responsible is None:
        return [say("grievances.taken_by_nobody", **values)]
    if outcome.answer_at is not None:
        advice = [say("grievances.recall")] if recall else []
        return [*advice, _taken_as_well(grievance, outcome.answer_at)]
    return [say(f"grievances.taken_{_manner(grievance)}", **values)]


def _taken_as_well(grievance: Grievance, answer_at: datetime) -> Reply:
    """One of many within a minute: a line of the answer that they share."""
    number, resolve_by = grievance.number, grievance.resolve_by
    if grievance.private:
        return say("grievances.taken_as_well_private", not_before=answer_at, number=number, resolve_by=resolve_by)
    key = "grievances.taken_as_well_anonymous" if grievance.anonymous else "grievances.taken_as_well"
    return say(
        key,
        not_before=answer_at,
        number=number,
        place=shorten(grievance.place, PLACE_IN_LINE),
        category=title(grievance.category),
        resolve_by=resolve_by,
    )


def _manner(grievance: Grievance) -> str:
    """Which text tells that it has gone out."""
    by_the_hour = grievance.respond_by == grievance.resolve_by
    if grievance.private:
        return "private_urgent" if by_the_hour else "private"
    if grievance.anonymous:
        return "anonymous"
    return "urgent" if by_the_hour else "ordinary"


def _hint(grievance: Grievance, *, recall: bool) -> str:
    """The last line: what matters most now."""
    if _in_danger(grievance):
        return "danger"
    if recall:
        return "recall"
    return "progress" if grievance.private or grievance.anonymous else "photos"


def _in_danger(grievance: Grievance) -> bool:
    return grievance.deadline_class is DeadlineClass.LIFE


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
        "grievances.ask_same_known" if outcome.known else "grievances.ask_same",
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
    words = normalise(community.grievances.verdicts.known(number, message.person).words)
    return community.grievances.intake.classify(
        number,
        message.person,
        category,
        DeadlineClass(categories.deadline_class(words, category)),
        message.received_at,
        private=categories.is_private(words, category),
    )


def _dropped(number: int, message: Message, community: Community) -> Replies:
    dropped = community.grievances.intake.withdraw_draft(number, message.person, message.received_at)
    return [
        say("grievances.draft_dropped", number=number),
        *to_each(dropped.joined, "grievances.draft_dropped_joined", number=number),
    ]
