"""From a reply, which is data, to words on their way to somebody."""

from dataclasses import replace
from datetime import datetime

from community import Community
from community.parts.notice import GroupChat, Private, Urgency
from community.people import Address, Person
from community.phone_list import Reason
from handlers.messages import Chat, Incoming, Reply, say
from handlers.speaking.texts import Texts


def post(reply: Reply, community: Community, now: datetime, *, late: bool = False) -> None:
    """Words that answer no message: to a person by id, or in a group. Raises `ValueError` for a reply to a chat.

    `late`: they should have come long ago; a reminder says so.
    """
    if late and reply.urgency is Urgency.REMINDER:
        reply = replace(reply, late=True)
    if isinstance(reply.to, GroupChat):
        post_in_group(reply, reply.to, community, now)
        return
    if not isinstance(reply.to, str):
        raise ValueError(f"{reply.key}: there is no message to answer")
    prefer = _channel_of(reply.fallback_group, community)
    _to_person(reply, Private(reply.to, reply.fallback_group), Urgency.NOTICE, community, now, prefer=prefer)


def post_answer(reply: Reply, incoming: Incoming, person: Person, community: Community) -> None:
    """Words that follow from a message of this person: to them, to the group, or to somebody else."""
    now, channel = incoming.received_at, incoming.channel
    if isinstance(reply.to, GroupChat):
        post_in_group(reply, reply.to, community, now)
    elif isinstance(reply.to, str):
        recipient = Private(reply.to, reply.fallback_group)
        prefer = _channel_of(reply.fallback_group, community) or channel
        _to_person(reply, recipient, Urgency.NOTICE, community, now, prefer=prefer)
    elif reply.to is Chat.PRIVATE:
        _to_sender(reply, incoming, person, community)
    elif incoming.group is not None:
        mention = (incoming.sender, incoming.sender_name)
        post_in_group(reply, GroupChat(channel, incoming.account, incoming.group, (mention,)), community, now)


def post_in_group(reply: Reply, chat: GroupChat, community: Community, now: datetime) -> None:
    """Words in a group. Raises `ValueError` for what only one person may read."""
    if reply.shows:
        raise ValueError(f"{reply.key}: this is not for a group")
    words, urgency = _words(reply, community), reply.urgency or Urgency.ANSWER
    pictures, not_before, until = reply.pictures, reply.not_before, reply.until
    community.notices.to_group(chat, words, urgency, now, photos=pictures, not_before=not_before, until=until)


def _to_sender(reply: Reply, incoming: Incoming, person: Person, community: Community) -> None:
    """Back to where it came from: no looking up, and right even while somebody says who they are."""
    now = incoming.received_at
    if incoming.channel not in community.notices.channels:  # it was kept from before, and its channel runs no more
        _to_person(reply, Private(person.id), Urgency.ANSWER, community, now, prefer=None)
        return
    community.notices.to_address(
        Address(incoming.channel, incoming.sender),
        Private(person.id, incoming.group),
        _words(reply, community),
        reply.urgency or Urgency.ANSWER,
        now,
        photos=reply.pictures,
        not_before=reply.not_before,
        until=reply.until,
    )
    community.audit.shown(person.id, reply.shows, now)
    _remember_question(reply, person.id, community, now)


def _channel_of(group: str | None, community: Community) -> str | None:
    """The running channel in which a group is: there they are told how to be reached. None where that is not sure."""
    running = community.notices.channels
    found = [channel for channel, external_id in community.tree.groups if external_id == group and channel in running]
    return found[0] if len(found) == 1 else None


def _to_person(
    reply: Reply, recipient: Private, urgency: Urgency, community: Community, now: datetime, *, prefer: str | None
) -> None:
    arrives = community.notices.to_person(
        recipient,
        _words(reply, community),
        reply.urgency or urgency,
        now,
        prefer=prefer,
        photos=reply.pictures,
        not_before=reply.not_before,
        until=reply.until,
    )
    if arrives:
        community.audit.shown(recipient.person_id, reply.shows, now)
    else:
        _to_be_phoned(recipient.person_id, community, now)
    community.notices.knock(recipient.person_id, Texts(community.rules.zone).render("delivery.look", {}), now)
    _remember_question(reply, recipient.person_id, community, now)


def _remember_question(reply: Reply, person_id: str, community: Community, now: datetime) -> None:
    if reply.question is not None:
        kind, about, open_for = reply.question.kind, reply.question.about, reply.question.open_for
        community.questions.ask(person_id, kind, about, reply.key, reply.values, now, open_for)


def _words(reply: Reply, community: Community) -> str:
    texts = Texts(community.rules.zone)
    words = texts.render(reply.key, reply.values)
    return texts.render("delivery.late", {}) + words if reply.late else words


def _to_be_phoned(person_id: str, community: Community, now: datetime) -> None:
    """No running channel reaches them: somebody must phone, staff as well as residents, and is told so once."""
    person = community.people.by_id(person_id)
    if person is None:
        return
    for each in community.phone_list.add(person, Reason.UNREACHABLE, now).tell:
        post(say("phone_list.new_unreachable", to=each, name=person.name), community, now)
