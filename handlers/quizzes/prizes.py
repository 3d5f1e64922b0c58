"""「领奖 王芳」, 「领奖名单」, 「我的奖品」: all of it in private."""

from itertools import groupby

from community import Community
from community.parts.questions import Question
from community.quizzes.outcomes import Fetched, Prize, WhichPrize
from handlers.answering import privately
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.quizzes.wording import LINES_AT_MOST, asked_again, names, won_on
from handlers.routing import router
from handlers.speaking.texts import in_words

NUMBERS = tuple("123456789")


@router.command("quizzes.hand_out")
@privately
def hand_out(message: Message, community: Community, words: str = "") -> Replies | Reply:
    """「领奖 王芳」 by staff, without a name the list; a resident who says so asks for what they have won."""
    prizes = community.quizzes.prizes
    if not prizes.gives_any(message.person):
        return _mine(message, community)
    if not words:
        return _list(message, community)
    outcome = prizes.hand_out(words.strip(), message.person, message.received_at)
    return _which(outcome, community) if isinstance(outcome, WhichPrize) else _fetched(outcome)


@router.answer("quizzes.prize", *NUMBERS)
def prize_chosen(message: Message, community: Community, question: Question, choice: str) -> Reply:
    """The one that was meant."""
    about = question.about
    if f"quiz{choice}" not in about:
        return asked_again(question)
    quiz_id, person_id = about[f"quiz{choice}"], str(about[f"person{choice}"])
    return _fetched(community.quizzes.prizes.hand_out_one(quiz_id, person_id, message.person, message.received_at))


@router.command("quizzes.prize_list")
@privately
def prize_list(message: Message, community: Community) -> Reply:
    """Who has fetched what they won, and who has not."""
    return _list(message, community)


def _list(message: Message, community: Community) -> Reply:
    listed = community.quizzes.prizes.listed(message.person, message.received_at)
    by_quiz = [list(prizes) for _, prizes in groupby(listed, key=lambda each: each.quiz_id)]
    if not by_quiz:
        return say("quizzes.nobody_won")
    lines = "\n".join(_listed(prizes, community) for prizes in by_quiz[: -LINES_AT_MOST - 1 : -1])
    return say("quizzes.prize_list", lines=lines)


@router.command("quizzes.my_prizes")
@privately
def my_prizes(message: Message, community: Community) -> Replies | Reply:
    """What one has won, and where it is."""
    return _mine(message, community)


def _mine(message: Message, community: Community) -> Reply:
    mine = community.quizzes.prizes.of(message.person)[:LINES_AT_MOST]
    if not mine:
        return say("quizzes.no_prizes")
    return say("quizzes.my_prizes", lines="\n".join(_my_line(each, community) for each in mine))


def _my_line(prize: Prize, community: Community) -> str:
    day = won_on(prize, community)
    if prize.fetched_at is not None:
        return in_words("quizzes.my_prize_fetched", community, day=day, prize=prize.prize)
    where = community.quizzes.asking.where(prize.event_id, prize.node_id)
    return in_words("quizzes.my_prize", community, day=day, prize=prize.prize, where=where)


def _listed(prizes: list[Prize], community: Community) -> str:
    """One quiz: its day, its prize, and the names."""
    waiting = [each for each in prizes if each.fetched_at is None]
    fetched = [each for each in prizes if each.fetched_at is not None]
    day, prize = won_on(prizes[0], community), prizes[0].prize
    if not fetched:
        return in_words("quizzes.listed_waiting", community, day=day, prize=prize, waiting=names(waiting))
    if not waiting:
        return in_words("quizzes.listed_fetched", community, day=day, prize=prize, fetched=names(fetched))
    return in_words("quizzes.listed", community, day=day, prize=prize, waiting=names(waiting), fetched=names(fetched))


def _which(which: WhichPrize, community: Community) -> Reply:
    about: dict[str, Plain] = {}
    lines = []
    for number, each in zip(NUMBERS, which.prizes, strict=False):
        about |= {f"quiz{number}": each.quiz_id, f"person{number}": each.person_id}
        lines.append(f"{number} {each.name} {won_on(each, community)} {each.prize}")
    return ask("quizzes.which_prize", "quizzes.prize", about, lines="\n".join(lines))


def _fetched(fetched: Fetched) -> Reply:
    return say("quizzes.handed_out", name=fetched.prize.name, prize=fetched.prize.prize)
