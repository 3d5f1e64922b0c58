"""「开始问答」 to the last question: what the group reads, what the winners hear."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from community import Community
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.quizzes.outcomes import Asked, BrokenOff, Closed, Ended, Happened, Planned, Quiz, Stopped, Wanted
from community.refused import Refused
from community.tree import Group
from handlers.messages import Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.quizzes.wanted import read_request
from handlers.quizzes.wording import asked_again, counted, group_chat, letter, masked, option_lines, span
from handlers.routing import Job, router
from handlers.speaking.texts import in_words, shorten

NUMBERS = tuple("123456789")
LONGEST_TOPIC = 20


@router.command("quizzes.start")
def start(message: Message, community: Community, words: str = "") -> Replies | Reply:
    """「开始问答 3题 奖品 洗衣液 3名」, at once or at the time that is named."""
    return _in_group_meant("start", message, community, words)


@router.command("quizzes.plan")
def plan(message: Message, community: Community, words: str = "") -> Replies | Reply:
    """「问答 12月5日9点30 3题」: only with a time, lest a quiz begins by chance."""
    return _in_group_meant("plan", message, community, words)


@router.command("quizzes.stop")
def stop(message: Message, community: Community, words: str = "") -> Replies | Reply:
    """「停止问答」: a question that is open counts for nobody."""
    return _in_group_meant("stop", message, community, words)


@router.answer("quizzes.group", *NUMBERS)
def group_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """The group that was meant."""
    about = question.about
    group = community.groups.find(str(about["channel"]), str(about.get(f"group{choice}", "")))
    if group is None:
        return asked_again(question)
    return _do(str(about["deed"]), group, message, community, str(about["words"]))


def _in_group_meant(deed: str, message: Message, community: Community, words: str) -> Replies | Reply:
    """Does it in the group of the message, the only one there is, or the one that is named; else asks which."""
    if message.in_group and message.group is None:
        return say_in_group("groups.unbound")
    if message.group is not None:
        return _do(deed, message.group, message, community, words)
    groups = _groups(message, community, deed)
    named = [each for each in groups if each.name in words]
    chosen = named or groups
    if not chosen:
        raise Refused("quizzes.not_for_you")
    if len(chosen) == 1:
        return _do(deed, chosen[0], message, community, words)
    about: dict[str, Plain] = {"deed": deed, "words": words, "channel": chosen[0].channel}
    about |= {f"group{number}": each.external_id for number, each in zip(NUMBERS, chosen, strict=False)}
    choices = " ".join(f"{number}{each.name}" for number, each in zip(NUMBERS, chosen, strict=False))
    key = "quizzes.ask_group_to_stop" if deed == "stop" else "quizzes.ask_group_to_start"
    return ask(key, "quizzes.group", about, choices=choices)


def _groups(message: Message, community: Community, deed: str) -> Sequence[Group]:
    """Where the person may: on the channel of the message, else on all that run. To stop: where there is a quiz."""
    asking, now = community.quizzes.asking, message.received_at
    here = message.incoming.channel
    groups = asking.groups_for(message.person, [here], now)
    if not groups:
        others = asking.groups_for(message.person, list(community.notices.channels), now)
        groups = tuple(each for each in others if each.channel == others[0].channel)
    if deed != "stop":
        return groups
    return tuple(each for each in groups if asking.quiz_of(each) is not None) or groups[:1]


def _do(deed: str, group: Group, message: Message, community: Community, words: str) -> Replies:
    if deed == "stop":
        stopped = community.quizzes.asking.stop(group, message.person, message.received_at)
        return _stopped(stopped, message, community)
    asking, rules = community.quizzes.asking, community.rules
    if not asking.may_run(message.person, group.node_id, message.received_at):
        raise Refused("quizzes.not_for_you")
    names = {each.name for each in community.tree.groups.values()}
    request = read_request(words, message.received_at.astimezone(rules.zone), names, asking.topics(group.node_id))
    if deed == "plan" and request.starts_at is None:
        raise Refused("quizzes.which_hour")
    wanted = Wanted(
        group,
        request.questions,
        request.winners,
        request.prize or in_words("quizzes.usual_prize", community),
        shorten(request.topic, LONGEST_TOPIC),
        request.starts_at,
    )
    begun = asking.start(wanted, message.person, message.received_at)
    if isinstance(begun, Planned):
        return _planned(begun, group, message)
    started = [] if message.in_group else [say("quizzes.started", chat=group.name, questions=begun.questions)]
    return [*started, *_asked(begun, community)]


def _planned(planned: Planned, group: Group, message: Message) -> Replies:
    quiz = planned.quiz
    values: dict[str, Any] = {
        "starts_at": quiz.starts_at,
        "questions": planned.questions,
        "winners": quiz.winners,
        "prize": quiz.prize,
    }
    return [
        say_in_group("quizzes.planned_in_group", **values),
        say("quizzes.planned", chat=group.name, **values),
    ]


def _stopped(stopped: Stopped, message: Message, community: Community) -> Replies:
    quiz, question = stopped.quiz, stopped.question
    if question is None and stopped.won == 0 and quiz.starts_at > message.received_at:
        return [say("quizzes.plan_dropped", starts_at=quiz.starts_at)]
    if question is not None:
        key = "quizzes.stopped_at_with_prizes" if stopped.won else "quizzes.stopped_at"
        in_group = _in_its_group(quiz, community, key, position=question.position)
    else:
        between = "quizzes.stopped_between_with_prizes" if stopped.won else "quizzes.stopped_between"
        in_group = _in_its_group(quiz, community, between)
    if stopped.won:
        return [*in_group, say("quizzes.stopped_with_winners", won=stopped.won)]
    return [*in_group, say("quizzes.stopped")]


# --- by itself ----------------------------------------------------------------------------------------------------


def run(community: Community, now: datetime) -> Replies:
    """The next question, the answer to the last one, the end."""
    return [reply for each in community.quizzes.asking.run(now) for reply in _happened(each, community)]


def _happened(happened: Happened, community: Community) -> Replies:
    match happened:
        case Asked():
            return _asked(happened, community)
        case Closed():
            return [*_closed(happened, community), *_to_winners(happened)]
        case Ended(quiz, won):
            return _ended(quiz, won, community)
        case BrokenOff(quiz, begun):
            return _broken_off(quiz, community) if begun else _not_begun(quiz, community)


def _broken_off(quiz: Quiz, community: Community) -> Replies:
    return [*_in_its_group(quiz, community, "quizzes.broken_off"), *_to_starter(quiz, "quizzes.broken_off_for_you")]


def _not_begun(quiz: Quiz, community: Community) -> Replies:
    at = quiz.starts_at
    in_group = _in_its_group(quiz, community, "quizzes.not_begun", starts_at=at)
    return [*in_group, *_to_starter(quiz, "quizzes.not_begun_for_you", starts_at=at)]


def _asked(asked: Asked, community: Community) -> Replies:
    quiz, question = asked.quiz, asked.question
    begins = _in_its_group(
        quiz, community, "quizzes.begins", questions=asked.questions, winners=counted(quiz.winners), prize=quiz.prize
    )
    put = _in_its_group(
        quiz,
        community,
        "quizzes.question",
        position=question.position,
        words=question.words,
        options=option_lines(question),
        letters="/".join(letter(number) for number in range(1, len(question.options) + 1)),
        span=span(community.rules.quiz_open),
    )
    return [*begins, *put] if question.position == 1 else put


def _closed(closed: Closed, community: Community) -> Replies:
    quiz, question, winners = closed.quiz, closed.question, closed.winners
    values: dict[str, Any] = {
        "position": question.position,
        "letter": letter(question.answer),
        "words": question.options[question.answer - 1],
    }
    if winners:
        named = "\u3001".join(masked(each.name) for each in winners)
        count = counted(len(winners))
        return _in_its_group(quiz, community, "quizzes.result", count=count, names=named, **values)
    if closed.right:
        return _in_its_group(quiz, community, "quizzes.result_won_before", **values)
    key = "quizzes.result_nobody_right" if closed.answered else "quizzes.result_nobody"
    return _in_its_group(quiz, community, key, **values)


def _to_winners(closed: Closed) -> Replies:
    return [
        say(
            "quizzes.you_won",
            to=each.person_id,
            urgency=Urgency.NOTICE,
            fallback_group=closed.quiz.group,
            position=closed.question.position,
            prize=closed.quiz.prize,
            where=closed.where,
        )
        for each in closed.winners
    ]


def _ended(quiz: Quiz, won: int, community: Community) -> Replies:
    if not won:
        return [*_in_its_group(quiz, community, "quizzes.ended_without"), *_to_starter(quiz, "quizzes.over_without")]
    return [*_in_its_group(quiz, community, "quizzes.ended", won=won), *_to_starter(quiz, "quizzes.over", won=won)]


def _to_starter(quiz: Quiz, key: str, **values: Any) -> Replies:
    if quiz.started_by is None:
        return []
    return [say(key, to=quiz.started_by, urgency=Urgency.NOTICE, fallback_group=quiz.group, **values)]


def _in_its_group(quiz: Quiz, community: Community, key: str, **values: Any) -> Replies:
    chat = group_chat(quiz, community)
    return [say(key, to=chat, **values)] if chat is not None else []


JOBS = (Job("quizzes.run", due=lambda community: community.quizzes.asking.next_due(), run=run),)
