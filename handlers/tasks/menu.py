"""The menu: what can be ordered, with numbers; and how a service is heard in words."""

from collections.abc import Mapping, Sequence
from functools import cache

from community import Community
from community.tasks.outcomes import Service
from community.volunteers.skills import SAME, canonical
from handlers import phrasebook
from handlers.hearing.orders import Offered, OrderWords
from handlers.messages import Plain, Reply, ask
from handlers.speaking.texts import in_words
from handlers.tasks.wording import CIRCLED, NUMBERS

MORE = "更多"


def ask_service(about: Mapping[str, Plain], services: Sequence[Service], page: int, community: Community) -> Reply:
    """What is wanted, by number or in words: twelve at most, then 更多. `about`: what has been said so far."""
    if not services:
        return ask("tasks.ask_what", "tasks.what", {**about, "page": 0})
    first = page * len(NUMBERS) if page * len(NUMBERS) < len(services) else 0
    shown = services[first : first + len(NUMBERS)]
    lines = "\n".join(f"{sign}{_named(each, community)}" for sign, each in zip(CIRCLED, shown, strict=False))
    kept = {**about, "page": first // len(NUMBERS)}
    kept |= {f"service{number}": each.id for number, each in zip(NUMBERS, shown, strict=False)}
    key = "tasks.which_service_more" if len(services) > len(NUMBERS) else "tasks.which_service"
    return ask(key, "tasks.what", kept, lines=lines)


def _named(service: Service, community: Community) -> str:
    return in_words("tasks.service_two", community, name=service.name) if service.takers > 1 else service.name


def offered(services: Sequence[Service]) -> list[Offered]:
    """The menu for the ear: each service with the other words for its skill."""
    return [Offered(each.name, _words_for(each.skill)) for each in services]


def _words_for(skill: str) -> tuple[str, ...]:
    same = canonical(skill)
    return (skill, same, *SAME.get(same, ()))


@cache
def words() -> OrderWords:
    """The lists of `phrases/tasks.yaml`."""
    listed = phrasebook.load().words
    return OrderWords(
        alike=listed["orders_alike"],
        details=listed["orders_details"],
        frail=listed["orders_frail"],
        urgent=listed["orders_urgent"],
        whenever=listed["orders_whenever"],
        money=listed["orders_money"],
        dangerous=listed["orders_dangerous"],
        with_doctor=listed["orders_with_doctor"],
    )
