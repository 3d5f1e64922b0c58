"""What the bot can do, what it did not understand, and the way to a human."""

from collections.abc import Sequence

from community import Community
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.phone_list import Reason
from handlers import phrasebook
from handlers.hearing.phrases import Heard
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import router
from handlers.speaking.texts import load

SHORTEST_REPORT = 6
"""Characters below which what was not understood is a greeting or a slip, and no report to be kept in mind."""

CAN_DO = ("grievances.report", "bookings.book", "market.look_up", "wishes.look_up", "grievances.look_up")
UNCLEAR = ("grievances.report", "grievances.look_up", "human")


@router.command("help")
def show_help(message: Message, community: Community) -> Reply:
    """What one can say."""
    return ask("help.can_do", "help.menu", {"words": ""})


@router.command("human")
def human(message: Message, community: Community, reason: Reason = Reason.ASKED) -> Replies:
    """A worker will phone."""
    waiting = community.phone_list.add(message.person, reason, message.received_at)
    to_workers = [
        say(f"phone_list.new_{reason}", to=each, urgency=Urgency.NOTICE, name=message.person.name)
        for each in waiting.tell
    ]
    return [say("help.human_will_call"), *to_workers]


@router.answer("help.menu", *CAN_DO, optional=True)
@router.answer("help.unclear", *UNCLEAR, optional=True)
def menu(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """One of the things it can do, with the words that were not understood before."""
    words = str(question.about["words"])
    arguments = {"words": words} if choice == "grievances.report" and words else {}
    return router.run(Heard(choice, arguments), message, community)


def which(readings: Sequence[Heard]) -> Reply:
    """Two or three readings are likely: the person says which."""
    names = [load()[f"commands.{reading.command.replace('.', '_')}"] for reading in readings]
    about: dict[str, Plain] = {"count": len(readings)}
    for number, reading in enumerate(readings, start=1):
        about[f"command{number}"] = reading.command
        about |= {f"{name}{number}": value for name, value in reading.arguments.items() if isinstance(value, Plain)}
    choices = " ".join(f"{number}{name}" for number, name in enumerate(names, start=1))
    return ask("help.which", "help.which", about, choices=choices)


@router.answer("help.which", "1", "2", "3", optional=True)
def chosen(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """The reading that was meant."""
    about = question.about
    if int(choice) > about["count"]:
        return say(question.prompt_key, **question.prompt_values)
    arguments = {
        name[:-1]: value for name, value in about.items() if name[-1] == choice and not name.startswith("command")
    }
    return router.run(Heard(str(about[f"command{choice}"]), arguments), message, community)


def not_understood(message: Message, community: Community, owed: Sequence[Question]) -> Replies | Reply:
    """Asks what was meant; the second time in a row a human takes over.

    An open question with options is asked again instead: the person probably meant to answer it.
    """
    newest = owed[0] if owed else None
    if (newest is None or newest.kind == "help.unclear") and _is_courtesy(message.text):
        return [] if message.in_group else say("help.welcome")
    if newest is not None and newest.kind == "help.unclear":
        community.questions.close(newest, message.received_at)
        return human(message, community, Reason.NOT_UNDERSTOOD)
    if newest is not None:
        return say(newest.prompt_key, **newest.prompt_values)
    worth_keeping = message.words if len(message.words) >= SHORTEST_REPORT else ""
    return ask("help.not_understood", "help.unclear", {"words": worth_keeping})


def _is_courtesy(text: str) -> bool:
    """「谢谢」 「好的」: nothing is asked, and in a group nobody waits for an answer."""
    return text.strip(" ,.!~\u3002") in phrasebook.load().words["courtesy"]
