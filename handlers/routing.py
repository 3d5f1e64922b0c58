"""Who answers what: the table that services write themselves into."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from community import Community
from community.parts.questions import Question
from community.refused import Refused
from community.tree import Role
from handlers.hearing.phrases import Heard
from handlers.messages import Incoming, Message, Replies, Reply

CommandHandler = Callable[..., Replies | Reply]
"""Takes the message, the community, and the slots of its phrases by name."""

AnswerHandler = Callable[[Message, Community, Question, str], Replies | Reply]
"""Takes the message, the community, the question, and the chosen option or the words."""

AnswerReader = Callable[[Message, Community], str | None]
"""What a message answers, as the handler of the answer wants it; None where it is no answer."""

BareWords = Callable[[Message, Community, Sequence[Question]], Replies | None]
"""Takes the message, the community, and the questions that the sender owes an answer to, the newest first."""

QuestionHandler = Callable[[Message, Community, Question], Replies | Reply]
BarePhoto = Callable[[Message, Community], Replies | None]
"""Takes a photo without words where it belongs to what its sender did just before; None where it does not."""

PhotoHandler = Callable[[Message, Community], Replies | Reply]
JobHandler = Callable[[Community, datetime], Replies]
WordingHandler = Callable[..., Replies]
"""Takes the outcome, the community, and the time."""

AnyWording = TypeVar("AnyWording", bound=WordingHandler)
AnyCommand = TypeVar("AnyCommand", bound=CommandHandler)
AnyAnswer = TypeVar("AnyAnswer", bound=AnswerHandler)
AnyBareWords = TypeVar("AnyBareWords", bound=BareWords)
DueTime = Callable[[Community], datetime | None]


@dataclass(frozen=True, slots=True)
class Route:
    """A command and who may say it; None: everybody. `takes_photos`: a picture sent just before belongs to it."""

    command: str
    handler: CommandHandler
    allowed: frozenset[Role] | None
    takes_photos: bool


@dataclass(frozen=True, slots=True)
class AnswerRoute:
    """A kind of question: the options in their order, or none where any words will do.

    `stays_open`: after a refusal another answer may do. `optional`: nobody owes an answer, so it is not asked again.
    `in_passing`: an option may also be named by the first words of a longer message.
    `otherwise` reads, of the newest question, what names none of the options and still answers.
    """

    handler: AnswerHandler
    options: tuple[str, ...]
    stays_open: bool = False
    optional: bool = False
    in_passing: bool = False
    otherwise: AnswerReader | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """Something that goes on and takes bare words, though nobody was asked in person: the answers to a quiz.

    `may_be`: whether a normalised text looks like such words; asked of many messages, so it must cost next to nothing.
    `goes_on`: whether it goes on in a group, by channel and the channel's id of it, at a time; None: in no group,
    where nobody spoke to the bot. `take` says what comes of words: before the commands where they may be such, else
    where nothing else has understood them; None where they are for something else.
    """

    may_be: Callable[[str], bool]
    goes_on: Callable[[Community, str, str, datetime], bool] | None
    take: BareWords


@dataclass(frozen=True, slots=True)
class Affair:
    """Something that somebody has and may give up: a booking, a sign-up. `line`: how it is listed."""

    id: int
    line: str


@dataclass(frozen=True, slots=True)
class Affairs:
    """A service's affairs of whoever sent a message, and how one of them is given up."""

    of: Callable[[Message, Community], Sequence[Affair]]
    drop: Callable[[Message, Community, int], "Replies | Reply"]


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists that are posted again in full by everybody who joins (接龙), heard though nobody was asked.

    `may_be`: whether a text as typed looks like one; asked of all talk, so it must cost next to nothing. `concerns`:
    whether a message is one about something that is going on. `take` says what comes of one; None where it is none.
    """

    may_be: Callable[[str], bool]
    concerns: Callable[[Incoming, Community], bool]
    take: Callable[[Message, Community], Replies | None]


@dataclass(slots=True)
class Router:
    """The table. Each service fills its own rows when it is imported."""

    commands: dict[str, Route] = field(default_factory=dict)
    answers: dict[str, AnswerRoute] = field(default_factory=dict)
    dropped: dict[str, QuestionHandler] = field(default_factory=dict)
    back: dict[str, QuestionHandler] = field(default_factory=dict)
    photo: PhotoHandler | None = None
    shown: list[BarePhoto] = field(default_factory=list)
    listening: list[Listening] = field(default_factory=list)
    affairs: dict[str, Affairs] = field(default_factory=dict)
    lists: Lists | None = None
    wordings: dict[type, WordingHandler] = field(default_factory=dict)

    def words_for(self, *outcomes: type) -> Callable[[AnyWording], AnyWording]:
        """Says what came of something to those it concerns, whichever service did it."""

        def register(handler: AnyWording) -> AnyWording:
            self.wordings |= dict.fromkeys(outcomes, handler)
            return handler

        return register

    def words_of(self, outcome: object, community: Community, now: datetime) -> Replies:
        """What those concerned hear of an outcome of another service: services do not import one another."""
        return self.wordings[type(outcome)](outcome, community, now)

    def command(
        self, name: str, *, allowed: frozenset[Role] | None = None, takes_photos: bool = False
    ) -> Callable[[AnyCommand], AnyCommand]:
        """Answers a command; the ways of saying it are in `phrases/*.yaml` under the same name."""

        def register(handler: AnyCommand) -> AnyCommand:
            self.commands[name] = Route(name, handler, allowed, takes_photos)
            return handler

        return register

    def answer(
        self,
        kind: str,
        *options: str,
        stays_open: bool = False,
        optional: bool = False,
        in_passing: bool = False,
        otherwise: AnswerReader | None = None,
    ) -> Callable[[AnyAnswer], AnyAnswer]:
        """Reads the answers to a kind of question. With options, these; without, any words."""

        def register(handler: AnyAnswer) -> AnyAnswer:
            self.answers[kind] = AnswerRoute(handler, options, stays_open, optional, in_passing, otherwise)
            return handler

        return register

    def when_dropped(self, kind: str) -> Callable[[QuestionHandler], QuestionHandler]:
        """What 「取消」 means for a kind of question."""

        def register(handler: QuestionHandler) -> QuestionHandler:
            self.dropped[kind] = handler
            return handler

        return register

    def when_back(self, kind: str) -> Callable[[QuestionHandler], QuestionHandler]:
        """What 「返回」 means for a kind of question."""

        def register(handler: QuestionHandler) -> QuestionHandler:
            self.back[kind] = handler
            return handler

        return register

    def bare_words(
        self, *, may_be: Callable[[str], bool], goes_on: Callable[[Community, str, str, datetime], bool] | None
    ) -> Callable[[AnyBareWords], AnyBareWords]:
        """Takes bare words while something goes on: see `Listening`."""

        def register(handler: AnyBareWords) -> AnyBareWords:
            self.listening.append(Listening(may_be, goes_on, handler))
            return handler

        return register

    def photos_behind(self, handler: BarePhoto) -> BarePhoto:
        """Takes photos that come behind what was done, before they are taken for something new."""
        self.shown.append(handler)
        return handler

    def photos(self, handler: PhotoHandler) -> PhotoHandler:
        """Takes photos that come without words."""
        self.photo = handler
        return handler

    def run(self, heard: Heard, message: Message, community: Community) -> Replies | Reply:
        """Calls the handler of a command. Raises `Refused` for those who may not say it."""
        route = self.commands[heard.command]
        if route.allowed is not None and not community.tree.holds(message.person.id, route.allowed):
            raise Refused("help.not_for_you")
        return route.handler(message, community, **heard.arguments)


@dataclass(frozen=True, slots=True)
class Job:
    """Something that happens by itself: `due` tells when next, `run` does what is due by then.

    `reminds`: it reminds people, who are told so where the program was off and it comes late.
    """

    name: str
    due: DueTime
    run: JobHandler
    reminds: bool = False


router = Router()


def as_replies(replies: Replies | Reply) -> Replies:
    """One or many as many."""
    return (replies,) if isinstance(replies, Reply) else replies
