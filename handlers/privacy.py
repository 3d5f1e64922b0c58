"""What the bot knows of somebody, said to them alone: 「我的信息」, 「导出我的信息」, 「删除我的信息」, 「不删了」."""

import re
from collections.abc import Sequence
from datetime import datetime

from community import Community
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.privacy.requests import Asked, Forgotten, Known, OpenAffair, RequestKind, StillOpen
from community.refused import Refused
from handlers.answering import privately
from handlers.hearing.phrases import Heard
from handlers.messages import Chat, Message, Replies, Reply, ask, say
from handlers.routing import Job, as_replies, router
from handlers.speaking.texts import in_words, load

_DELETE = re.compile("删|清|抹掉|销毁|去掉|移除|注销|忘掉|(?:不要|别)(?:保存|存|留)")
_EXPORT = re.compile("导出|下载|拿到|复制|发给我|全部")
WITHDRAW = "grievances.withdraw"
SHOWN = ("grievances", "bookings", "tasks", "wishes", "sign_ups", "hours", "photos")
"""Of what it is said how much there is."""

LISTED = 6


@router.command("privacy.data")
@privately
def data(message: Message, community: Community, **_slots: object) -> Replies:
    """What is known, in short; where they say so a file of all, or that it is to be forgotten."""
    if _DELETE.search(message.text):
        return _ask_sure(message, community)
    if _EXPORT.search(message.text):
        return _export(message, community)
    return [_known(community.requests.known(message.person), community)]


@router.command("privacy.keep")
@privately
def keep(message: Message, community: Community, **_slots: object) -> Reply:
    """「不删了」: as long as it is not done."""
    community.requests.keep(message.person, message.received_at)
    return say("privacy.kept")


@router.answer("privacy.sure", "yes", "no", optional=True)
def sure(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Whether all is to be forgotten. What is still open is given up first."""
    if choice == "no":
        return [say("privacy.kept")]
    given_up = _give_up(message, community)
    left = community.requests.going_on(message.person.id)
    if left:
        return [*given_up, say("privacy.still_open", lines=affair_lines(left, community))]
    asked = community.requests.ask(message.person, RequestKind.DELETE, message.received_at)
    return [*given_up, say("privacy.will_be_deleted", due_at=asked.due_at), *_to_workers(asked, "delete", message)]


def _known(known: Known, community: Community) -> Reply:
    counts = [
        in_words(f"privacy.count_{table}", community, count=known.counts[table])
        for table in SHOWN
        if known.counts.get(table)
    ]
    home = in_words("privacy.home", community, home=known.home) if known.home else ""
    told = ",".join(counts) or in_words("privacy.no_counts", community)
    return say("privacy.known", name=known.name, home=home, counts=told)


def _export(message: Message, community: Community) -> Replies:
    asked = community.requests.ask(message.person, RequestKind.EXPORT, message.received_at)
    return [say("privacy.will_be_exported", due_at=asked.due_at), *_to_workers(asked, "export", message)]


def _to_workers(asked: Asked, kind: str, message: Message) -> Replies:
    return [
        say(f"privacy.asked_{kind}", to=each, urgency=Urgency.NOTICE, person=message.person.id, due_at=asked.due_at)
        for each in asked.tell
    ]


def _ask_sure(message: Message, community: Community) -> Replies:
    """What goes and what stays, and what must be done first."""
    affairs = community.requests.going_on(message.person.id)
    in_the_way = [each for each in affairs if not _can_be_given_up(each, community)]
    if in_the_way:
        return [say("privacy.still_open", lines=affair_lines(in_the_way, community))]
    waits = community.requests.waits(message.person, RequestKind.DELETE)
    if waits is not None:
        return [say("privacy.will_be_deleted", due_at=waits.due_at)]
    ends = in_words("privacy.ends", community, lines=affair_lines(affairs, community)) + "\n" if affairs else ""
    return [ask("privacy.sure_delete", "privacy.sure", {}, ends=ends)]


def _can_be_given_up(affair: OpenAffair, community: Community) -> bool:
    """Whether its owner can end it alone."""
    if affair.kind != "grievance":
        return affair.kind in ("booking", "task", "wish", "pledge", "sign_up")
    verdicts = community.grievances.verdicts
    try:
        verdicts.check_withdrawn(verdicts.cases.existing(int(affair.id)))
    except Refused:
        return False
    return True


def _give_up(message: Message, community: Community) -> Replies:
    """Ends what somebody has, each in the way of its own service, so that all who count on it hear of it."""
    said: list[Reply] = []
    for each in router.affairs.values():
        for affair in each.of(message, community):
            try:
                said += as_replies(each.drop(message, community, affair.id))
            except Refused as refused:
                said.append(say(refused.key, **refused.values))
    for one in community.requests.going_on(message.person.id):
        if one.kind == "grievance":
            said += as_replies(router.run(Heard(WITHDRAW, {"number": int(one.id)}), message, community))
    return [each for each in said if each.to is not Chat.GROUP and each.question is None]


def affair_lines(affairs: Sequence[OpenAffair], community: Community) -> str:
    """What is still open, a line each."""
    shown = [in_words(f"privacy.open_{each.kind}", community, what=_named(each, community)) for each in affairs]
    more = [in_words("privacy.more_open", community, count=len(shown) - LISTED)] if len(shown) > LISTED else []
    return "\n".join([*shown[:LISTED], *more])


def _named(affair: OpenAffair, community: Community) -> str:
    """What people call it."""
    forms = {"grievance": "{:04}", "handled": "{:04}", "booking": "B{:03}", "task": "T{:03}", "claim": "T{:03}"}
    forms |= {"wish": "W{:02}", "pledge": "W{:02}"}
    if affair.kind in forms:
        return forms[affair.kind].format(int(affair.id))
    return load()[f"roles.{affair.id}"] if affair.kind == "role" else ""


# --- by itself ------------------------------------------------------------------------------------------------


def forget(community: Community, now: datetime) -> Replies:
    """Forgets those whose time has come. Nobody is told but the workers, who hear no name, and who was still needed."""
    return [reply for each in community.requests.forget_due(now) for reply in _done(each, community)]


def _done(outcome: Forgotten | StillOpen, community: Community) -> Replies:
    match outcome:
        case StillOpen(person_id, affairs):
            lines = affair_lines(affairs, community)
            return [say("privacy.still_open", to=person_id, urgency=Urgency.NOTICE, lines=lines)]
        case Forgotten(alias, _, tell):
            return [say("privacy.deleted_for_workers", to=each, urgency=Urgency.REMINDER, alias=alias) for each in tell]


def forget_what_is_old(community: Community, now: datetime) -> Replies:
    """At night: what has been kept long enough."""
    community.retention.forget(now)
    return ()


JOBS = (
    Job("privacy.requests", due=lambda community: community.requests.next_due(), run=forget),
    Job("privacy.retention", due=lambda community: community.retention.next_due(), run=forget_what_is_old),
)
