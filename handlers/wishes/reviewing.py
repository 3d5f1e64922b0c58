"""What staff say about wishes: passing, sending back, what waits; and what cannot be met."""

from community import Community
from community.parts.questions import Question
from community.wishes.outcomes import Wish
from community.wishes.steps import Step
from handlers.answering import privately
from handlers.hearing.normalise import normalise
from handlers.hearing.phrases import Heard
from handlers.hearing.wishes import last_day
from handlers.messages import Message, Replies, Reply, ask, say
from handlers.routing import as_replies, router
from handlers.speaking.texts import in_words
from handlers.wishes.pledging import prolong_crowd
from handlers.wishes.wording import ended, id_of, post, sayable, shows, whom

LINES = 8


@router.command("wishes.approve")
@privately
def approve(message: Message, community: Community, wish: str, words: str = "") -> Replies:
    """「通过 W05」, perhaps with other words for everybody."""
    found = community.wishes.reviewing.check(id_of(wish), message.person, Step.POST)
    if words:
        sayable(found, words, community)
    posted = community.wishes.reviewing.post(found.id, message.person, words, message.received_at)
    return [
        say("wishes.approved", code=posted.code, public=posted.public_words),
        *_to_wisher(posted, message),
        *post(posted, community),
    ]


@router.command("wishes.send_back")
@privately
def send_back(message: Message, community: Community, wish: str, words: str = "") -> Replies | Reply:
    """「退回 W05 原因」: the wisher hears why. Said by those who are no staff, it is their own that they give up."""
    ledger = community.wishes.ledger
    if not ledger.works_for(message.person, ledger.existing(id_of(wish))):
        slots = {"wish": wish, "words": words} if words else {"wish": wish}
        return as_replies(router.run(Heard("wishes.give_up", slots), message, community))
    found = community.wishes.reviewing.check(id_of(wish), message.person, Step.RETURN)
    if not words:
        return ask("wishes.ask_return_reason", "wishes.reason", {"wish": found.id, "deed": "return"}, code=found.code)
    return _sent_back(found.id, words, message, community)


@router.command("wishes.unmet")
@privately
def unmet(message: Message, community: Community, wish: str, words: str = "") -> Replies | Reply:
    """「办不了 W05 原因」: said honestly."""
    found = community.wishes.reviewing.check(id_of(wish), message.person, Step.GIVE_UP)
    if not words:
        return ask("wishes.ask_unmet_reason", "wishes.reason", {"wish": found.id, "deed": "unmet"}, code=found.code)
    return _unmet(found.id, words, message, community)


@router.answer("wishes.reason")
def because(message: Message, community: Community, question: Question, words: str) -> Replies:
    """Why, said when asked."""
    deed = _sent_back if question.about["deed"] == "return" else _unmet
    return deed(int(question.about["wish"]), normalise(words), message, community)


@router.command("wishes.to_review")
@privately
def waiting(message: Message, community: Community) -> Reply:
    """What nobody has looked at yet, the oldest first."""
    found = community.wishes.reviewing.waiting(message.person)[:LINES]
    if not found:
        return say("wishes.nothing_to_review")
    lines = "\n".join(_line(each, community) for each in found)
    seen = [one for each in found for one in shows(each, "words")]
    return say("wishes.to_review", lines=lines, first=found[0].code, shows=seen)


@router.command("wishes.prolong")
@privately
def prolong(message: Message, community: Community, wish: str, words: str = "") -> Replies | Reply:
    """「延长 W05」 of one that nobody claims, 「W09 延到 1月10日」 of a crowd wish."""
    until = last_day(words, message.received_at.astimezone(community.rules.zone)) if words else None
    if until is not None:
        return prolong_crowd(id_of(wish), until, message, community)
    found = community.wishes.reviewing.prolong(id_of(wish), message.person, message.received_at)
    return say("wishes.prolonged", code=found.code)


def _sent_back(wish_id: int, reason: str, message: Message, community: Community) -> Replies:
    wish = community.wishes.reviewing.send_back(wish_id, message.person, reason, message.received_at)
    return [
        say("wishes.returned", code=wish.code),
        say(
            "wishes.returned_for_you",
            to=wish.wisher_id,
            fallback_group=wish.group,
            code=wish.code,
            reason=wish.reason,
        ),
    ]


def _unmet(wish_id: int, reason: str, message: Message, community: Community) -> Replies:
    outcome = community.wishes.reviewing.give_up(wish_id, message.person, reason, message.received_at)
    return [say("wishes.unmet", code=outcome.wish.code), *ended(outcome, message.person.id)]


def _to_wisher(wish: Wish, message: Message) -> Replies:
    if wish.wisher_id == message.person.id:
        return []
    return [
        say(
            "wishes.approved_for_you",
            to=wish.wisher_id,
            fallback_group=wish.group,
            code=wish.code,
            public=wish.public_words,
        )
    ]


def _line(wish: Wish, community: Community) -> str:
    public = wish.public_words or in_words("wishes.to_review_unsayable", community)
    return in_words(
        "wishes.to_review_line",
        community,
        code=wish.code,
        words=wish.words,
        whom=whom(wish, community),
        public=public,
        asked_at=wish.asked_at,
    )
