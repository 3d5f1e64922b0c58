"""Lists in conversation: what is open, what is mine, how one task stands; and the lists of staff."""

import re
from collections.abc import Sequence

from community import Community
from community.tasks.lists import IN_A_LIST
from community.tasks.outcomes import Seen, Standing, TaskState
from handlers.answering import group_node, privately
from handlers.messages import Message, Reply, say
from handlers.routing import router
from handlers.speaking.texts import in_words
from handlers.tasks.wording import BETWEEN, contact, id_of, own_line, public_line, shows, state_words

_ASKS_FOR_OPEN = re.compile(
    "待接|(?:可|能|可以)接|没人接|有[新]?(?:任务|单|活)|什么(?:任务|活|单)|啥(?:任务|活|单)|附近|没有(?:任务|单)"
)
_MINE = re.compile("我")
_ALL = frozenset({"任务", "任务单", "任务列表", "任务清单"})
"""What staff mean by it: whatever nobody has yet."""

_MARKS = "。.!~ "
_LATE = re.compile("超时|逾期|过期|过时|到期")
_MOST_ASKED = 3
"""Names of those who were asked, in one line."""


@router.command("tasks.mine")
@privately
def mine(message: Message, community: Community, **_slots: object) -> Reply:
    """「我的任务」: what one ordered, and what one has promised. 「待接」 and 「有任务吗」: what is open."""
    if _ASKS_FOR_OPEN.search(message.text) and not _MINE.search(message.text):
        return _open(message, community)
    if message.text.rstrip(_MARKS) in _ALL and community.tasks.lists.is_staff(message.person, group_node(message)):
        return _open(message, community)
    found = community.tasks.lists.mine(message.person, message.received_at)
    lines = [_promised(each, community) for each in found.promised] + [
        _of_mine(each, community) for each in found.ordered
    ]
    if not lines:
        return say("tasks.mine_none")
    promised = [each.public.task for each in found.promised[:IN_A_LIST] if each.contact]
    seen = [one for task in promised for one in shows(task, "orderer,address,phone")]
    return say("tasks.mine", lines="\n".join(lines[:IN_A_LIST]), shows=seen)


@router.command("tasks.look_up")
@privately
def look_up(message: Message, community: Community, task: str) -> Reply:
    """「T045」: as much of it as whoever asks may know."""
    standing = community.tasks.lists.one(id_of(task), message.person)
    public = standing.public
    if standing.seen is Seen.TAKER:
        return _for_taker(standing, community)
    number = public.task.number
    if standing.seen is Seen.ORDERER:
        line, state = own_line(public, community), state_words(standing, community, named=True)
        if public.task.state in (TaskState.ORDERED, TaskState.CLAIMED):
            return say("tasks.one_for_orderer", number=number, line=line, state=state)
        return say("tasks.one", number=number, line=line, state=state)
    line = public_line(public, community)
    if standing.seen is Seen.STAFF:
        state = state_words(standing, community, named=True) + _asked(standing, community)
        return say("tasks.one", number=number, line=line, state=state)
    state = state_words(standing, community, named=False)
    if public.task.state is TaskState.ORDERED and community.volunteers.register.known(message.person.id) is not None:
        return say("tasks.one_open", number=number, line=line, state=state)
    return say("tasks.one", number=number, line=line, state=state)


@router.command("tasks.list")
@privately
def listed(message: Message, community: Community, words: str = "") -> Reply:
    """「未接任务」, 「超时任务」, 「任务 理发队」, for staff."""
    lists, node, now = community.tasks.lists, group_node(message), message.received_at
    if words:
        team, found = lists.of_team(words, message.person, node)
        if not found:
            return say("tasks.of_team_none", team=team.name)
        return say("tasks.of_team", team=team.name, count=len(found), lines=_staff_lines(found, community))
    if _LATE.search(message.text):
        found = lists.overdue(message.person, node, now)
        if not found:
            return say("tasks.overdue_none")
        return say("tasks.overdue", count=len(found), lines=_staff_lines(found, community))
    found = lists.unclaimed(message.person, node, now)
    if not found:
        return say("tasks.unclaimed_none")
    return say("tasks.unclaimed", count=len(found), lines=_staff_lines(found, community))


def _open(message: Message, community: Community) -> Reply:
    found = community.tasks.lists.open_for(message.person, group_node(message))
    if not found:
        return say("tasks.open_none")
    if found[0].seen is Seen.STAFF:
        return say("tasks.waiting", count=len(found), lines=_staff_lines(found, community))
    shown = found[:IN_A_LIST]
    lines = "\n".join(
        in_words("tasks.list_line", community, number=each.public.task.number, line=public_line(each.public, community))
        for each in shown
    )
    first = found[0].public.task.number
    if len(found) > len(shown):
        return say("tasks.open_more", count=len(found), shown=len(shown), lines=lines, first=first)
    return say("tasks.open", count=len(found), lines=lines, first=first)


def _staff_lines(found: Sequence[Standing], community: Community) -> str:
    """Where each stands, and who was asked: names of volunteers, none of residents."""
    return "\n".join(
        in_words(
            "tasks.list_line_staff",
            community,
            number=each.public.task.number,
            line=public_line(each.public, community),
            state=state_words(each, community, named=True),
            asked=_asked(each, community),
        )
        for each in found[:IN_A_LIST]
    )


def _asked(standing: Standing, community: Community) -> str:
    if standing.public.task.state is not TaskState.ORDERED:
        return ""
    names = BETWEEN.join(standing.asked[:_MOST_ASKED])
    if not names:
        return in_words("tasks.asked_nobody", community)
    return in_words("tasks.asked", community, names=names)


def _of_mine(standing: Standing, community: Community) -> str:
    return in_words(
        "tasks.mine_ordered",
        community,
        number=standing.public.task.number,
        line=own_line(standing.public, community),
        state=state_words(standing, community, named=True),
    )


def _promised(standing: Standing, community: Community) -> str:
    public = standing.public
    number, line = public.task.number, own_line(public, community)
    if not standing.contact:
        return in_words("tasks.mine_promised_waiting", community, number=number, line=line)
    return in_words("tasks.mine_promised", community, number=number, line=line, contact=_contact(standing, community))


def _for_taker(standing: Standing, community: Community) -> Reply:
    public = standing.public
    number, line = public.task.number, own_line(public, community)
    if public.task.state not in (TaskState.ORDERED, TaskState.CLAIMED):
        return say("tasks.one", number=number, line=line, state=state_words(standing, community, named=True))
    if not standing.contact:
        return say("tasks.one_for_taker_waiting", number=number, line=line)
    seen = shows(public.task, "orderer,address,phone")
    return say("tasks.one_for_taker", number=number, line=line, contact=_contact(standing, community), shows=seen)


def _contact(standing: Standing, community: Community) -> str:
    return f"{standing.orderer},{contact(standing.public.task, community)}"
