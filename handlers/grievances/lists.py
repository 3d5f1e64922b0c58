"""Lists for staff in chat, page by page: 我的待办, 超时, 本网格, 搜 …, 记录 …."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from community import Community
from community.grievances import Event, Grievance
from community.grievances.outcomes import Record
from community.grievances.steps import UNHANDLED, Step
from community.parts.questions import Question
from handlers.grievances.verdicts import look_up
from handlers.grievances.wording import shows, title
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import router
from handlers.speaking.texts import day, load, moment, shorten

TO_A_NODE = frozenset({Step.MOVE, Step.ESCALATE, Step.OVERDUE})
A_PAGE = 8
SHORT = 14
SHORT_NOTE = 40
LEAFING = timedelta(minutes=30)
"""How long 「下一页」 means the list that was shown last."""


@router.command("grievances.mine")
def mine(message: Message, community: Community) -> Reply:
    """What one has to do."""
    return _page("mine", "", 0, message, community)


@router.command("grievances.overdue")
def overdue(message: Message, community: Community) -> Reply:
    """What is late."""
    return _page("overdue", "", 0, message, community)


@router.command("grievances.area")
def area(message: Message, community: Community) -> Reply:
    """What is open in one's grid, community or street."""
    return _page("area", "", 0, message, community)


@router.command("grievances.search")
def search(message: Message, community: Community, words: str) -> Reply:
    """「搜 电梯」."""
    return _page("search", words.strip(), 0, message, community)


@router.answer("grievances.page", "next", optional=True)
def next_page(message: Message, community: Community, question: Question, choice: str) -> Reply:
    """「下一页」."""
    about = question.about
    return _page(str(about["list"]), str(about["words"]), int(about["page"]) + 1, message, community)


@router.command("grievances.record")
def record(message: Message, community: Community, number: int) -> Replies:
    """「记录 0012」: everything that happened. To those who told of it or follow it, how it stands."""
    if community.grievances.verdicts.only_follows(number, message.person):
        return look_up(message, community, number)
    found = community.grievances.lists.record(number, message.person)
    lines = [_line_of(place, event, found, community) for place, event in enumerate(found.events, start=1)]
    pages = [lines[start : start + A_PAGE * 2] for start in range(0, len(lines), A_PAGE * 2)]
    seen = shows(found.grievance, "record")
    return [say("grievances.record", number=number, lines="\n".join(page), shows=seen) for page in pages]


def _page(listed: str, words: str, page: int, message: Message, community: Community) -> Reply:
    found = _found(listed, words, message, community)
    shown = found[page * A_PAGE : (page + 1) * A_PAGE]
    if not shown:
        return say("grievances.list_empty", name=load()[f"grievances.list_{listed}"])
    lines = "\n".join(_line(each, message, community) for each in shown)
    name = load()[f"grievances.list_{listed}"]
    seen = [one for each in shown for one in shows(each, "place,words")]
    if (page + 1) * A_PAGE >= len(found):
        return say("grievances.list", name=name, count=len(found), lines=lines, shows=seen)
    about: dict[str, Plain] = {"list": listed, "words": words, "page": page}
    return ask(
        "grievances.list_more",
        "grievances.page",
        about,
        open_for=LEAFING,
        shows=seen,
        name=name,
        count=len(found),
        lines=lines,
    )


def _found(listed: str, words: str, message: Message, community: Community) -> Sequence[Grievance]:
    lists = community.grievances.lists
    match listed:
        case "mine":
            return lists.mine(message.person)
        case "overdue":
            return lists.overdue(message.person, message.received_at)
        case "area":
            return lists.in_area(message.person)
        case _:
            return lists.search(message.person, words)


def _line(grievance: Grievance, message: Message, community: Community) -> str:
    late = grievance.resolve_by is not None and grievance.resolve_by < message.received_at
    late = late and grievance.state in UNHANDLED
    state = load()["grievances.state_late" if late else f"grievances.state_{grievance.state}"]
    due = day(grievance.resolve_by.astimezone(community.rules.zone)) if grievance.resolve_by else ""
    return (
        f"{grievance.number:04} {shorten(grievance.place, 8)} {shorten(grievance.words, SHORT)} {state} {due}".rstrip()
    )


def _line_of(line: int, event: Event, record: Record, community: Community) -> str:
    """One line of the record. Residents have no names in it, also where they hold a role elsewhere."""
    actor = _person(event.actor_id, record, community) if event.actor_id else load()["grievances.log_bot"]
    step = load()[f"grievances.step_{event.step}"]
    when = moment(event.at.astimezone(community.rules.zone))
    parts = (f"{line}.", when, actor, step, _subject(event, record, community), _note(event))
    return " ".join(part for part in parts if part)


def _note(event: Event) -> str:
    """What was said with it; of the first line, what it was taken for."""
    if event.step == Step.CLASSIFY:
        return ""
    return title(event.note) if event.step == Step.DRAFT else shorten(event.note, SHORT_NOTE)


def _subject(event: Event, record: Record, community: Community) -> str:
    """Whom or what it concerned, in words."""
    if event.corrects is not None:
        corrected = next((place for place, each in enumerate(record.events, 1) if each.id == event.corrects), 0)
        right = moment(datetime.fromisoformat(event.subject).astimezone(community.rules.zone))
        return load()["grievances.log_corrected"].format(line=corrected, moment=right)
    if event.step == Step.CLASSIFY:
        return title(event.subject)
    if event.step == Step.RATE and event.subject in "123":
        return load()[f"grievances.log_mark_{event.subject}"]
    if event.step == Step.PHOTO:
        return load()["grievances.log_photos"].format(photos=event.subject)
    if event.step in (Step.MERGE, Step.ABSORB, Step.RELEASE) and event.subject.isdigit():
        return f"{int(event.subject):04}"
    if event.step in TO_A_NODE and event.subject in community.tree.nodes:
        return community.tree.nodes[event.subject].name
    if event.subject == event.actor_id or not community.tree.roles_of(event.subject):
        return ""
    return _person(event.subject, record, community)


def _person(person_id: str, record: Record, community: Community) -> str:
    if person_id in record.residents:
        return load()["grievances.log_resident"]
    roles = community.tree.roles_of(person_id)
    return roles[0].name if roles else load()["grievances.log_somebody"]
