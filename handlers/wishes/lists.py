"""What there is to see: one wish, the wall of open ones, one's own."""

from typing import Any

from community import Community
from community.parts.questions import Question
from community.wishes.outcomes import Crowd, Seen, Wish, WishState
from handlers.answering import group_node, privately
from handlers.messages import Message, Reply, ask, say
from handlers.routing import router
from handlers.speaking.texts import in_words
from handlers.wishes.wording import id_of, missing, shows, state_words, whom

LONGEST_SHOWN = 40


@router.command("wishes.look_up")
@privately
def look_up(message: Message, community: Community, wish: str = "") -> Reply:
    """「W05」: as much as this person may know. 「心愿墙」: what is open."""
    if not wish:
        return wall_page(message, community, group_node(message))
    seen = community.wishes.asking.look_up(id_of(wish), message.person, group_node(message))
    return _seen(seen, community)


@router.command("wishes.mine")
@privately
def mine(message: Message, community: Community) -> Reply:
    """What one wished for, has claimed, or pledged to."""
    asking = community.wishes.asking
    lines = [_mine_line(each, community) for each in asking.mine(message.person)]
    lines += [
        in_words(
            "wishes.mine_claimed",
            community,
            code=each.code,
            public=each.public_words,
        )
        for each in asking.claimed_by(message.person)
    ]
    lines += [
        in_words(
            "wishes.mine_pledged",
            community,
            code=each.code,
            public=each.public_words,
            own=community.wishes.pledging.own(each.id, message.person),
            unit=each.unit,
        )
        for each in asking.pledged_by(message.person)
    ]
    return say("wishes.mine", lines="\n".join(lines)) if lines else say("wishes.mine_none")


@router.answer("wishes.more", "more", optional=True)
def more(message: Message, community: Community, question: Question, choice: str) -> Reply:
    """The next page."""
    return wall_page(message, community, question.about["node"], int(question.about["beginning"]))


def wall_page(message: Message, community: Community, node: str | None, beginning: int = 0) -> Reply:
    """Open wishes in public words, some at a time."""
    page = community.wishes.asking.wall(message.person, node, beginning)
    if not page.wishes:
        return say("wishes.wall_empty")
    lines = "\n".join(_wall_line(each, page.pledged.get(each.id, 0), community) for each in page.wishes)
    if page.next is None:
        return say("wishes.wall", lines=lines, more="")
    about = {"node": node, "beginning": page.next}
    return ask("wishes.wall", "wishes.more", about, lines=lines, more=in_words("wishes.wall_more", community))


def _wall_line(wish: Wish, pledged: int, community: Community) -> str:
    if wish.goal is None:
        return in_words("wishes.wall_line", community, code=wish.code, public=wish.public_words)
    left = missing(max(wish.goal - pledged, 0), wish.unit, community)
    return in_words("wishes.wall_crowd", community, code=wish.code, public=wish.public_words, missing=left)


def _mine_line(wish: Wish, community: Community) -> str:
    reason = in_words("wishes.because", community, reason=wish.reason) if wish.reason else ""
    state = state_words(wish, community) + reason
    return in_words("wishes.mine_line", community, code=wish.code, words=wish.words[:LONGEST_SHOWN], state=state)


def _seen(seen: Seen, community: Community) -> Reply:
    wish, state = seen.wish, state_words(seen.wish, community)
    if seen.is_claimer:
        place = wish.address or seen.station
        if wish.state is WishState.CLAIMED:
            state = in_words("wishes.state_yours", community)
        address = shows(wish, "address") if wish.address else ()
        values: dict[str, Any] = {"code": wish.code, "public": wish.public_words, "state": state, "place": place}
        return say("wishes.seen_by_claimer", shows=address, **values)
    if seen.is_wisher:
        reason = in_words("wishes.because", community, reason=wish.reason) if wish.reason else ""
        return say("wishes.seen_by_wisher", code=wish.code, words=wish.words, state=state + reason)
    if seen.crowd is not None:
        return say("wishes.seen_crowd", code=wish.code, state=state, **_crowd_values(seen.crowd))
    if seen.is_staff:
        claimer = in_words("wishes.seen_claimer", community, name=seen.claimer) if seen.claimer else ""
        public = wish.public_words or in_words("wishes.to_review_unsayable", community)
        return say(
            "wishes.seen_by_staff",
            code=wish.code,
            public=public,
            state=state,
            claimer=claimer,
            words=wish.words,
            whom=whom(wish, community),
            shows=shows(wish, "words"),
        )
    return say("wishes.seen", code=wish.code, public=wish.public_words, state=state)


def _crowd_values(crowd: Crowd) -> dict[str, Any]:
    return {
        "public": crowd.wish.public_words,
        "goal": crowd.goal,
        "unit": crowd.wish.unit,
        "pledged": crowd.pledged,
        "closes_on": crowd.wish.closes_on,
    }
