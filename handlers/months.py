"""What the last month brought, over tasks and wishes: to the workers, and in a few words to the groups."""

from datetime import datetime

from community import Community
from community.parts.figures import SMALLEST_CELL, published
from community.parts.notice import GroupChat, Urgency
from community.tasks.figures import Month, Report
from community.wishes.figures import Report as WishReport
from handlers.messages import Replies, Reply, say
from handlers.routing import Job
from handlers.speaking.texts import in_words
from handlers.tasks import figures as task_figures
from handlers.wishes import figures as wish_figures

MEASURE = "个"
BETWEEN = "\uff1b"


def tell_month(community: Community, now: datetime) -> Replies:
    """Last month in numbers: for the workers of each community, and in a few words for the groups of residents."""
    return [reply for month in community.tasks.figures.monthly(now) for reply in _month(month, community, now)]


def _month(month: Month, community: Community, now: datetime) -> Replies:
    tasks = community.tasks.figures.of_area(month.area, month.period, now)
    wishes = community.wishes.figures.of_area(month.area, month.period)
    name = f"{month.period.first.month}月"
    told: list[Reply] = []
    for worker in month.workers:
        if tasks.total.ordered:
            told.append(task_figures.total(tasks, name, community, worker))
        if wishes.asked:
            told.append(wish_figures.total(wishes, name, community, worker))
    return [*told, *_to_groups(month, name, tasks, wishes, community)]


def _to_groups(month: Month, name: str, tasks: Report, wishes: WishReport, community: Community) -> Replies:
    """Counts alone, and nothing of what there were fewer than five of: that says the same of none and of four."""
    parts = []
    if tasks.total.ordered >= SMALLEST_CELL:
        ordered, done = published(tasks.total.ordered, MEASURE), published(tasks.total.done, MEASURE)
        parts.append(in_words("tasks_figures.month_tasks", community, ordered=ordered, done=done))
    if wishes.single.posted >= SMALLEST_CELL:
        posted, fulfilled = published(wishes.single.posted, MEASURE), published(wishes.single.fulfilled, MEASURE)
        parts.append(in_words("tasks_figures.month_wishes", community, posted=posted, fulfilled=fulfilled))
    if not parts:
        return []
    accounts = community.notices.channels
    return [
        say(
            "tasks_figures.month",
            to=GroupChat(each.channel, accounts[each.channel], each.external_id),
            urgency=Urgency.ANNOUNCEMENT,
            month=name,
            parts=BETWEEN.join(parts),
        )
        for each in month.groups
        if each.channel in accounts
    ]


JOBS = (Job("tasks.monthly", due=lambda community: community.tasks.figures.next_monthly(), run=tell_month),)
