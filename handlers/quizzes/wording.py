"""What the parts of this service share in saying things."""

from collections.abc import Sequence
from datetime import timedelta

from community import Community
from community.parts.notice import GroupChat
from community.parts.questions import Question as OpenQuestion
from community.quiz_file import LETTERS
from community.quizzes.outcomes import Prize, Question, Quiz
from handlers.messages import Reply, ask
from handlers.speaking.texts import day

_DOUBLE_SURNAMES = (
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "司徒",
    "夏侯",
    "皇甫",
    "尉迟",
    "令狐",
    "慕容",
    "东方",
    "公孙",
    "端木",
)
_COUNTED = "零一两三四五六七八九十"
LINES_AT_MOST = 5


def masked(name: str) -> str:
    """A name as a group may read it: 王**."""
    surname = next((each for each in _DOUBLE_SURNAMES if name.startswith(each)), name[:1])
    return f"{surname}**"


def counted(number: int) -> str:
    """A small number as it stands before people: 三, 两."""
    return _COUNTED[number] if 0 < number < len(_COUNTED) else str(number)


def letter(option: int) -> str:
    """What an option is called, counted from 1."""
    return LETTERS[option - 1]


def span(length: timedelta) -> str:
    """How long something is: 2分钟, 90秒."""
    seconds = int(length.total_seconds())
    return f"{seconds // 60}分钟" if seconds % 60 == 0 else f"{seconds}秒"


def option_lines(question: Question) -> str:
    """The options, a line each."""
    return "\n".join(f"{letter(number)}. {words}" for number, words in enumerate(question.options, start=1))


def group_chat(quiz: Quiz, community: Community) -> GroupChat | None:
    """Where a quiz takes place; None where its channel does not run now."""
    account = community.notices.channels.get(quiz.channel)
    return GroupChat(quiz.channel, account, quiz.group) if account is not None else None


def asked_again(question: OpenQuestion) -> Reply:
    """The same question, for an answer that it does not have."""
    return ask(question.prompt_key, question.kind, question.about, **question.prompt_values)


def names(prizes: Sequence[Prize]) -> str:
    """Who won, for staff alone."""
    return "\u3001".join(each.name for each in prizes)


def won_on(prize: Prize, community: Community) -> str:
    """The day on which something was won."""
    return day(prize.won_at.astimezone(community.rules.zone))
