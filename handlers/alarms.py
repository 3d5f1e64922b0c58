"""A cry for help in conversation: the emergency numbers first, then only what is true."""

from typing import Any

from community import Community
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.privacy import Shown
from handlers.hearing.alarms import hear_alarm
from handlers.hearing.normalise import normalise
from handlers.hearing.places import find_place
from handlers.hearing.quotes import without_quotation
from handlers.messages import Incoming, Message, Replies, Reply, ask, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import shorten

QUOTE = 60


def may_be_about_alarm(incoming: Incoming, community: Community) -> bool:
    """Whether a message is a cry for help, or may answer what was asked about one: it waits for nobody."""
    if hear_alarm(normalise(without_quotation(incoming.text))) is not None:
        return True
    person = community.people.find(incoming.channel, incoming.sender)
    owed = community.questions.open_for(person.id, incoming.received_at) if person is not None else []
    return any(question.kind.startswith("alarms.") for question in owed)


@router.command("alarm")
def alarm(message: Message, community: Community) -> Replies:
    """「呼救」, said outright."""
    return raise_alarm(message, community, "help")


def raise_alarm(message: Message, community: Community, kind: str) -> Replies:
    """Tells those who are near, at any hour; asks for the building where nobody knows it."""
    node_id = _node(message, community)
    if node_id is None:
        return [
            say_in_group("alarms.call_now"),
            ask("alarms.where", "alarms.where", {"kind": kind, "words": message.words}),
        ]
    return [say_in_group("alarms.call_now"), *_tell(message, community, node_id, message.words)]


def ask_whether(message: Message, kind: str) -> Replies:
    """Rather one question too many than silence."""
    return [ask("alarms.whether", "alarms.whether", {"kind": kind, "words": message.words})]


@router.answer("alarms.whether", "yes", "no")
def whether(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """It was one, or it was talk."""
    if choice == "no":
        return say("alarms.good")
    node_id = _node(message, community)
    if node_id is None:
        return ask("alarms.where", "alarms.where", dict(question.about))
    return _tell(message, community, node_id, str(question.about["words"]))


@router.answer("alarms.where")
def where(message: Message, community: Community, question: Question, words: str) -> Replies:
    """The building; where it is still unclear the community's workers are told what is known."""
    said = f"{question.about['words']} {words}"
    return _tell(message, community, _node(message, community), said)


def _tell(message: Message, community: Community, node_id: str | None, words: str) -> Replies:
    raised = community.alarms.raise_at(message.person, node_id, message.received_at)
    place = community.tree.nodes[node_id].name if node_id else "?"
    values: dict[str, Any] = {"name": message.person.name, "place": place, "words": shorten(words, QUOTE)}
    values["shows"] = (Shown(f"person:{message.person.id}", "name,place,words"),)
    notices = [say("alarms.raised", to=holder.person_id, urgency=Urgency.ALARM, **values) for holder in raised.people]
    if not raised.people:
        return [say("alarms.nobody", urgency=Urgency.ALARM)]
    return [say("alarms.telling", urgency=Urgency.ALARM, holder=raised.people[0], count=len(raised.people)), *notices]


def _node(message: Message, community: Community) -> str | None:
    """The building that was named, else the one where the person lives."""
    place = find_place(normalise(message.text))
    area = community.tree.community_of(message.group.node_id if message.group else message.person.node_id)
    area = area or community.tree.only_community()
    named = (
        community.tree.building(area.id, place.building)
        if area and place is not None and place.building is not None
        else None
    )
    return named.id if named else message.person.node_id
