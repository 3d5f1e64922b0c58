"""What the parts of this service share in saying things."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from community import Community
from community.grievances import DeadlineClass, Grievance
from community.grievances.outcomes import Reported
from community.parts.notice import Urgency
from community.privacy import Shown
from community.tree import Role, RoleHolder
from handlers.hearing import categories
from handlers.messages import Message, Replies, Reply, ask, say
from handlers.speaking.texts import Words, load, shorten, worded

QUOTE = 60
"""Characters of the resident's words in a notice; whoever accepts gets all of them."""

PLACE = 40
"""Characters of a place in a notice."""


def case(grievance: Grievance) -> dict[str, Any]:
    """What a notice to staff says of a grievance."""
    return {
        "number": grievance.number,
        "place": shorten(grievance.place, PLACE),
        "words": shorten(grievance.words, QUOTE),
        "photos": grievance.photos,
        "respond_by": grievance.respond_by,
        "resolve_by": grievance.resolve_by,
        "deadlines": deadlines(grievance),
        "mark": mark(grievance),
        "shows": shows(grievance, "place,words"),
    }


def shows(grievance: Grievance, fields: str) -> tuple[Shown, ...]:
    """That somebody is told these fields of it as they are: see `Reply.shows`."""
    return (Shown(f"grievance:{grievance.number}", fields),)


def deadlines(grievance: Grievance, *, for_resident: bool = False) -> Words:
    """By when there is first contact and by when it is done: where both are the same moment, that once."""
    once = grievance.respond_by == grievance.resolve_by
    return worded(
        "grievances.one_deadline" if once else "grievances.both_deadlines",
        whom=load()["grievances.whom_you" if for_resident else "grievances.whom_resident"],
        respond_by=grievance.respond_by,
        resolve_by=grievance.resolve_by,
    )


def mark(grievance: Grievance) -> str:
    """What stands behind the number of a private one, in everything that its handlers read."""
    return load()["grievances.mark_private"] if grievance.private else ""


def named(grievance: Grievance) -> str:
    """Number and category, for residents: nobody knows numbers by heart. Of a private one the number alone."""
    if grievance.private:
        return f"{grievance.number:04}"
    return f"{grievance.number:04} {title(grievance.category)}"


def case_in_full(grievance: Grievance, community: Community) -> dict[str, Any]:
    """What whoever has it is told of it: all of the words, and whose they are."""
    return {
        "number": grievance.number,
        "mark": mark(grievance),
        "place": grievance.place,
        "words": grievance.words,
        "resident": resident_name(grievance, community),
        "resolve_by": grievance.resolve_by,
        "shows": shows(grievance, "place,words,resident"),
    }


def title(category: str) -> str:
    """What a category is called."""
    known = categories.listed().get(category)
    return known.title if known else category


def shown(holder: RoleHolder) -> str:
    """A role and a name, where a question must keep them."""
    return f"{load()[f'roles.{holder.role}']}{holder.name}"


def resident_name(grievance: Grievance, community: Community) -> str:
    """The resident's name for the handler, unless they asked to be left out; and for whom they speak."""
    resident = community.people.by_id(grievance.resident_id)
    name = load()["grievances.anonymous"] if grievance.anonymous or resident is None else resident.name
    return f"{name}({grievance.on_behalf})" if grievance.on_behalf else name


def pressing(grievance: Grievance) -> Urgency:
    """Reminders wait for the morning, unless life is in danger."""
    return Urgency.ALARM if grievance.deadline_class is DeadlineClass.LIFE else Urgency.REMINDER


def to_resident(grievance: Grievance, key: str, *, urgency: Urgency = Urgency.NOTICE, **values: Any) -> Reply:
    """Words to the one who reported it; where that fails, a hint in the group it was said in."""
    return say(key, to=grievance.resident_id, urgency=urgency, fallback_group=grievance.group, **values)


def to_each(people: Iterable[str], key: str, *, urgency: Urgency = Urgency.NOTICE, **values: Any) -> Replies:
    """The same words to several."""
    return [say(key, to=each, urgency=urgency, **values) for each in people]


def dispatched(
    grievance: Grievance,
    people: Iterable[str],
    *,
    urgency: Urgency = Urgency.NOTICE,
    suggested: Sequence[RoleHolder] = (),
) -> Replies:
    """The notice to those whose turn it is; with whose trade it probably is, so that one line hands it on."""
    if grievance.private:
        return to_each(people, "grievances.dispatched_private", urgency=urgency, **case(grievance))
    if suggested:
        trade = load()[f"roles.{suggested[0].role}"]
        return to_each(people, "grievances.dispatched_suggesting", urgency=urgency, trade=trade, **case(grievance))
    return to_each(people, "grievances.dispatched", urgency=urgency, **case(grievance))


def sent_out(outcome: Reported, community: Community, now: datetime, *, urgency: Urgency = Urgency.NOTICE) -> Replies:
    """The notices of a new one: to those who must act, to those whose trade it is, and where nobody is there to
    the administrators."""
    grievance = outcome.grievance
    people = outcome.responsible.ids if outcome.responsible else ()
    trade = categories.listed()[grievance.category].handler if grievance.category in categories.listed() else None
    involved = community.grievances.handling.involve(grievance, Role(trade), now) if trade else ()
    suggested = community.grievances.handling.trade(grievance, Role(trade)) if trade and not involved else ()
    told = [
        *dispatched(grievance, people, urgency=urgency, suggested=suggested),
        *to_each(involved, "grievances.dispatched_by_trade", urgency=urgency, **case(grievance)),
    ]
    if grievance.households > 1:  # who joined while it was still being told
        told += to_each(
            people,
            "grievances.household_for_staff",
            urgency=urgency,
            number=grievance.number,
            households=grievance.households,
        )
    if outcome.vacant is None:
        return told
    values: dict[str, Any] = {"number": grievance.number, "node": outcome.vacant.name}
    return [*told, *to_each(outcome.administrators, "grievances.vacant", urgency=urgency, **values)]


def no_longer_asked(grievance: Grievance, community: Community, now: datetime) -> None:
    """What its resident was asked about it needs no answer any more."""
    for question in community.questions.open_for(grievance.resident_id, now):
        if question.kind.startswith("grievances.") and question.about.get("number") == grievance.number:
            community.questions.close(question, now)


def ask_verdict(
    grievance: Grievance, community: Community, note: str = "", *, urgency: Urgency = Urgency.NOTICE
) -> Reply:
    """Whether it is solved: with the handler's word when it is new, plainly when it is asked again."""
    return ask(
        "grievances.ask_verdict" if note else "grievances.ask_verdict_again",
        "grievances.verdict",
        {"number": grievance.number},
        to=grievance.resident_id,
        open_for=community.rules.verdict_open,
        urgency=urgency,
        fallback_group=grievance.group,
        named=named(grievance),
        note=shorten(note, QUOTE),
    )


def as_typed(message: Message, words: str) -> str:
    """Words from a slot as the person typed them: slots are cut from the normalised text."""
    from handlers.hearing.normalise import normalise

    typed = message.words[-len(words) :] if words else ""
    return typed if normalise(typed) == words else words
