"""One message, from its text to what is said in return."""

import re
from dataclasses import dataclass

from community import Community
from community.parts.questions import Question
from community.people import Person
from community.refused import Refused
from handlers import (
    phrasebook,
    questions,
    recalls,
    services,  # importing it fills the router
)
from handlers.hearing.addressing import without_address
from handlers.hearing.alarms import hear_alarm
from handlers.hearing.categories import SURE, categories
from handlers.hearing.listening import ABOUT_WHAT_WAS_SAID, REPORT, Unclear
from handlers.hearing.normalise import LONGEST, normalise
from handlers.hearing.phrases import Heard
from handlers.hearing.places import find_place
from handlers.hearing.quotes import number_quoted
from handlers.messages import Chat, Incoming, Message, Replies, Reply, say, say_in_group
from handlers.routing import as_replies, router

TOLD_BEFORE = re.compile("反映过|报过|说过|登记过|上次|上回|之前|前几天说|我那|那个|那件|那事|催")
_BARE_NUMBER = re.compile(r"(?:编号|单号|号码|第|no\.?|#)?[\s:是]*(?P<number>\d{3,6})\s*号?[\s。.,!~]*", re.IGNORECASE)
"""Nothing but the number of a case, as people were told to send it. A shorter one may be a building."""

ABOUT_ONE_CASE = ABOUT_WHAT_WAS_SAID | {f"grievances.{deed}" for deed in ("unsolved", "leave", "accept", "finish")}
"""Commands that may leave the number to the message that they quote."""

_MARKS = "。.!~ "
ALSO_A_CASE = frozenset({"fire", "gas", "trapped"})


@dataclass(frozen=True, slots=True)
class Response:
    """Who spoke, and what they and others are to hear."""

    person: Person
    replies: Replies


def respond(incoming: Incoming, community: Community) -> Response:
    """What the bot says to a message that is for it. A refusal is an answer too."""
    message = _understand(incoming, community)
    try:
        return Response(message.person, as_replies(_respond(message, community)))
    except Refused as refused:
        return Response(message.person, (say(refused.key, **refused.values),))


def takes_photos(text: str, bot_name: str, *, mentions_bot: bool) -> bool:
    """Whether a picture that the sender showed just before this text may belong to it."""
    heard = phrasebook.load().listener.command(normalise(without_address(text, bot_name)))
    return mentions_bot if heard is None else router.commands[heard.command].takes_photos


def _understand(incoming: Incoming, community: Community) -> Message:
    person = community.people.meet(incoming.channel, incoming.sender, incoming.sender_name, incoming.received_at)
    group = community.groups.find(incoming.channel, incoming.group) if incoming.group else None
    words = without_address(incoming.text, community.rules.bot_name)
    return Message(incoming, person, group, normalise(words), words)


def _respond(message: Message, community: Community) -> Replies | Reply:
    if message.incoming.kind == "friend":
        return say("help.greeting", bot=community.rules.bot_name)
    if message.incoming.kind == "recall":
        return recalls.recalled(message, community)
    if message.incoming.photo_problem:
        return say(f"photos.{message.incoming.photo_problem}")
    if (listed := _list(message, community)) is not None:
        return listed
    if len(message.words) > LONGEST:
        return say("help.too_long", longest=LONGEST)
    if message.photos and not message.text and router.photo is not None:
        behind = (taken for each in router.shown if (taken := each(message, community)) is not None)
        return next(behind, None) or router.photo(message, community)
    return _answer_words(message, community)


def _list(message: Message, community: Community) -> Replies | None:
    """What comes of a chain sign-up, which may be longer than anything else that is read."""
    if router.lists is None or not router.lists.may_be(message.incoming.text):
        return None
    return router.lists.take(message, community)


def _answer_words(message: Message, community: Community) -> Replies | Reply:
    known = phrasebook.load()
    quoted = number_quoted(message.incoming.text, community.rules.bot_name)
    owed = [] if message.in_group else _owed(message, community, quoted)
    if (taken := _bare_words(message, community, owed, likely=True)) is not None:
        return taken
    chosen = (
        questions.find_choice(message.text, owed, router.answers, known.answers)
        or questions.find_opening(message.text, owed, router.answers, known.answers)
        or questions.find_otherwise(message, community, owed, router.answers)
    )
    if chosen is not None:
        return _take_answer(chosen, message, community, owed)
    if owed and (turned := _turn(message, community, owed[0])) is not None:
        return turned
    heard = known.listener.command(message.text)
    if heard is not None:
        return router.run(_about(quoted, heard), message, community)
    alarm = hear_alarm(message.text)
    if alarm is not None and alarm.certain:
        return _take_alarm(message, community, alarm.kind)
    free = questions.find_free(message.words, owed, router.answers)
    if free is not None:
        return _take_answer(free, message, community, owed)
    if alarm is not None:
        return services.alarms.ask_whether(message, alarm.kind)
    if message.in_group and message.group is None:
        return say_in_group("groups.unbound")
    if not message.in_group and (taken := _bare_words(message, community, owed, likely=False)) is not None:
        return taken
    return _guess(message, community, owed, quoted)


def _take_alarm(message: Message, community: Community, kind: str) -> Replies:
    """People first; what is broken or burning also gets a number, so that somebody stays answerable for it."""
    cried = services.alarms.raise_alarm(message, community, kind)
    known_place = any(reply.question is None for reply in cried if reply.to is Chat.PRIVATE)
    if kind not in ALSO_A_CASE or not known_place or (message.in_group and message.group is None):
        return cried
    return [*cried, *as_replies(router.run(Heard(REPORT, {"words": message.text}), message, community))]


def _bare_words(message: Message, community: Community, owed: list[Question], *, likely: bool) -> Replies | None:
    """What comes of words for something that goes on: of those that look like them, or of all others."""
    for each in router.listening:
        taken = each.take(message, community, owed) if each.may_be(message.text) is likely else None
        if taken is not None:
            return taken
    return None


def _owed(message: Message, community: Community, quoted: int | None) -> list[Question]:
    """The questions that the person has not answered, the newest first; before all the one that they quoted."""
    found = community.questions.open_for(message.person.id, message.received_at)
    return sorted(found, key=lambda each: quoted is None or each.about.get("number") != quoted)


def _about(number: int | None, heard: Heard) -> Heard:
    """A command with the number of the case whose quotation stands above it, where it names none itself."""
    if number is None or heard.command not in ABOUT_ONE_CASE or "number" in heard.arguments:
        return heard
    return Heard(heard.command, {**heard.arguments, "number": number})


def _guess(message: Message, community: Community, owed: list[Question], quoted: int | None) -> Replies | Reply:
    """Neither a command nor an answer: what it probably means, a choice, or the admission that it is unclear."""
    if named := _BARE_NUMBER.fullmatch(message.text):
        return router.run(Heard("grievances.look_up", {"number": int(named["number"])}), message, community)
    listener = phrasebook.load().listener
    guessed = listener.guess(message.text)
    if _tells_of_something_new(message.text, guessed):
        guessed = Heard(REPORT, {"words": message.text})
    if isinstance(guessed, Heard):
        return router.run(_about(quoted, guessed), message, community)
    if guessed is not None:
        return services.help.which(guessed.readings)
    if message.in_group and listener.sounds_like_grievance(message.text):
        return router.run(Heard(REPORT, {"words": message.text}), message, community)
    return services.help.not_understood(message, community, owed)


def _tells_of_something_new(text: str, guessed: Heard | Unclear | None) -> bool:
    """Whether the words are surely about one of the categories, though no sign says so; or though they end in
    「什么时候能修」, which otherwise asks about something told before."""
    if categories(text)[0].score < SURE:
        return False
    if guessed is None:
        return True
    asks = isinstance(guessed, Heard) and guessed.command in ABOUT_WHAT_WAS_SAID and not guessed.arguments
    return asks and find_place(text) is not None and TOLD_BEFORE.search(text) is None


def _turn(message: Message, community: Community, newest: Question) -> Replies | Reply | None:
    """「取消」 and 「返回」, which work at every step."""
    words = phrasebook.load().words
    said = message.text.rstrip(f"{_MARKS}吧了")
    if said in words["cancel"] or message.text.rstrip(_MARKS) in words["cancel"]:
        community.questions.close(newest, message.received_at)
        dropped = router.dropped.get(newest.kind)
        return dropped(message, community, newest) if dropped else say("help.dropped")
    if said in words["back"]:
        back = router.back.get(newest.kind)
        if back is None:
            return again(newest)
        community.questions.close(newest, message.received_at)
        return back(message, community, newest)
    return None


def _take_answer(answered: questions.Answered, message: Message, community: Community, owed: list[Question]) -> Replies:
    """Hands an answer over; what is still owed from before is asked again, so that it is not forgotten."""
    route = router.answers[answered.question.kind]
    if not route.stays_open:
        community.questions.close(answered.question, message.received_at)
    replies = as_replies(route.handler(message, community, answered.question, answered.value))
    community.questions.close(answered.question, message.received_at)
    asked_now = any(reply.question is not None and reply.to is Chat.PRIVATE for reply in replies)
    rest = [each for each in owed if each.id != answered.question.id and not _is_optional(each)]
    return replies if asked_now or not rest else (*replies, again(rest[0]))


def _is_optional(question: Question) -> bool:
    route = router.answers.get(question.kind)
    return route is None or route.optional


def again(question: Question) -> Reply:
    """The question once more, in the same words. It stays the same question."""
    return say(question.prompt_key, **question.prompt_values)
