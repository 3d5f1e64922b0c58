"""「许个愿 想要一台收音机」, for oneself or a neighbour; taking back whatever one has of it."""

from community import Community
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from community.wishes.outcomes import Asked, Told, Withdrawn
from handlers.answering import group_node, privately
from handlers.hearing.behalf import on_behalf_of
from handlers.hearing.normalise import normalise
from handlers.hearing.wishes import Wished, hear_wish, said_of, whose, without_price
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import Affair, Affairs, router
from handlers.speaking.texts import in_words
from handlers.wishes.wording import given_back, id_of, lists, shows, state_words, whom

PLACEHOLDER = frozenset({"什么", "吗", "可以吗", "怎么许", "怎么弄"})


@router.command("wishes.make")
@privately
def make(message: Message, community: Community, words: str = "") -> Replies | Reply:
    """A wish, whole or to be asked for."""
    for_whom = on_behalf_of(message.text) or whose(message.text)
    said = said_of(message.text, words)
    if not said or said in PLACEHOLDER:
        about: dict[str, Plain] = {"whom": for_whom, "group": message.incoming.group, "node": group_node(message)}
        return ask("wishes.ask_what", "wishes.what", about)
    return _make(said, for_whom, message.incoming.group, group_node(message), message, community)


@router.answer("wishes.what")
def what(message: Message, community: Community, question: Question, words: str) -> Replies:
    """What is wished for, said when asked."""
    about = question.about
    said = said_of(normalise(words), normalise(words))
    return _make(said, str(about["whom"]), about["group"], about["node"], message, community)


@router.command("wishes.give_up")
@privately
def give_up(message: Message, community: Community, wish: str, words: str = "") -> Replies | Reply:
    """「撤回 W05」 by the wisher, 「退 W05 原因」 by the claimer, 「W09 不出了」 by a giver: whichever one is."""
    wish_id = id_of(wish)
    seen = community.wishes.asking.look_up(wish_id, message.person, group_node(message))
    if seen.is_claimer:
        return _give_back(message, community, wish_id, words)
    if community.wishes.pledging.gives(wish_id, message.person):
        return _take_pledge_back(message, community, wish_id)
    if seen.is_wisher:
        return _withdraw(message, community, wish_id)
    raise Refused("wishes.not_yours", code=seen.wish.code)


def _make(
    said: str, for_whom: str, group: str | None, node: str | None, message: Message, community: Community
) -> Replies:
    names = (*community.wishes.asking.names(), message.person.name)
    heard = hear_wish(said, for_whom, names, lists("wish_money"), lists("wish_categories"))
    if heard.is_money:
        raise Refused("wishes.money")
    outcome = community.wishes.asking.ask(message.person, node, _told(heard), group, message.received_at)
    code, who = outcome.wish.code, heard.who
    noted = "wishes.noted" if without_price(said) == said else "wishes.noted_without_price"
    return [say(noted, code=code, who=who), *to_review(outcome, community)]


def _told(heard: Wished) -> Told:
    return Told(heard.words, heard.for_whom, heard.who, heard.category, heard.public)


def to_review(outcome: Asked, community: Community) -> Replies:
    """Staff hear of a wish, with the words that everybody would read."""
    wish = outcome.wish
    if not wish.public_words:
        return [
            say(
                "wishes.review_unsayable",
                to=each,
                urgency=Urgency.NOTICE,
                code=wish.code,
                words=wish.words,
                whom=whom(wish, community),
                shows=shows(wish, "words"),
            )
            for each in outcome.tell
        ]
    return [
        say(
            "wishes.review",
            to=each,
            urgency=Urgency.NOTICE,
            code=wish.code,
            words=wish.words,
            whom=whom(wish, community),
            category=wish.category,
            public=wish.public_words,
            shows=shows(wish, "words"),
        )
        for each in outcome.tell
    ]


# --- giving up ------------------------------------------------------------------------------------------------


def _withdraw(message: Message, community: Community, wish_id: int) -> Replies:
    outcome = community.wishes.asking.withdraw(wish_id, message.person, message.received_at)
    return [say("wishes.withdrawn", code=outcome.wish.code), *_to_helpers(outcome)]


def _to_helpers(outcome: Withdrawn) -> Replies:
    return [say("wishes.withdrawn_helper", to=each, code=outcome.wish.code) for each in outcome.tell]


def _give_back(message: Message, community: Community, wish_id: int, words: str = "") -> Replies:
    outcome = community.wishes.claiming.give_back(wish_id, message.person, words, message.received_at)
    return [say("wishes.given_back", code=outcome.wish.code), *given_back(outcome, community, message.person.id)]


def _take_pledge_back(message: Message, community: Community, wish_id: int) -> Replies:
    outcome = community.wishes.pledging.withdraw(wish_id, message.person, message.received_at)
    wish = outcome.crowd.wish
    if outcome.own:
        return [say("wishes.pledge_partly_withdrawn", code=wish.code, own=outcome.own, unit=wish.unit)]
    return [say("wishes.pledge_withdrawn", code=wish.code)]


def _wished(message: Message, community: Community) -> list[Affair]:
    return [
        Affair(
            each.id,
            in_words(
                "wishes.mine_line", community, code=each.code, words=each.words, state=state_words(each, community)
            ),
        )
        for each in community.wishes.asking.open_of(message.person)
    ]


def _claimed(message: Message, community: Community) -> list[Affair]:
    return [
        Affair(
            each.id,
            in_words(
                "wishes.mine_claimed",
                community,
                code=each.code,
                public=each.public_words,
            ),
        )
        for each in community.wishes.asking.claimed_by(message.person)
    ]


def _pledged(message: Message, community: Community) -> list[Affair]:
    return [
        Affair(
            each.id,
            in_words(
                "wishes.mine_pledged",
                community,
                code=each.code,
                public=each.public_words,
                own=community.wishes.pledging.own(each.id, message.person),
                unit=each.unit,
            ),
        )
        for each in community.wishes.asking.pledged_by(message.person)
    ]


router.affairs["wishes"] = Affairs(_wished, _withdraw)
router.affairs["claimed_wishes"] = Affairs(_claimed, _give_back)
router.affairs["pledges"] = Affairs(_pledged, _take_pledge_back)
