"""What a group is told by and by: how full an event is."""

from datetime import datetime

from community import Community
from community.parts.notice import GroupChat, Urgency
from handlers.market.wording import rolling_values
from handlers.messages import Replies, say


def tell(community: Community, now: datetime) -> Replies:
    """The groups in which somebody signed up since they were told last."""
    accounts = community.notices.channels
    return [
        say(
            "market.rolling",
            to=GroupChat(each.channel, accounts[each.channel], each.group),
            urgency=Urgency.ANSWER,
            **rolling_values(board, community),
        )
        for each, board in community.market.rolling.run(now)
        if each.channel in accounts
    ]
