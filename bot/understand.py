"""What the bot understands of a line, without doing anything: for trying phrases and for measuring the ear."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from community.tree import Tree
from handlers import phrasebook
from handlers.hearing.addressing import is_for_bot, without_address
from handlers.hearing.alarms import hear_alarm
from handlers.hearing.categories import categories
from handlers.hearing.listening import Unclear
from handlers.hearing.normalise import normalise
from handlers.hearing.personal import find_personal
from handlers.hearing.phrases import Heard
from handlers.hearing.places import find_place
from handlers.hearing.times import When, find_when

LONGEST = 100_000


class Line(BaseModel):
    """One line of input. `where`: how the text reached the bot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, StringConstraints(max_length=LONGEST)]
    at: AwareDatetime | datetime | None = None
    where: Literal["mention", "group", "private"] = "private"


class Understanding:
    """Understands lines for one community."""

    def __init__(self, tree: Tree, bot_name: str, zone: Any, clock: Callable[[], datetime]) -> None:
        self._tree = tree
        self._bot_name = bot_name
        self._zone = zone
        self._clock = clock
        self._listener = phrasebook.load().listener

    def read(self, raw: str) -> dict[str, Any]:
        """One JSON line in, what was understood out; `error` where the line is none."""
        try:
            line = Line.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            return {"error": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}
        return self._understand(line)

    def _understand(self, line: Line) -> dict[str, Any]:
        words = without_address(line.text, self._bot_name)
        text = normalise(words)
        heard = self._command(line, text)
        readings = heard.readings if isinstance(heard, Unclear) else (heard,) if heard else ()
        found: dict[str, Any] = {
            "command": readings[0].command if readings else None,
            "arguments": dict(readings[0].arguments) if readings else {},
            "when": _when(find_when(words, self._now(line))),
            "place": self._place(text),
            "category": [guess.name for guess in categories(text)],
            "personal": [{"kind": each.kind, "span": list(each.span)} for each in find_personal(line.text)],
        }
        return found | ({"unclear": [each.command for each in readings]} if len(readings) > 1 else {})

    def _command(self, line: Line, text: str) -> Heard | Unclear | None:
        """What the bot would do; in a group nothing where it would stay silent."""
        if line.where == "group":
            spoken_to = is_for_bot(line.text, bot_name=self._bot_name, mentions_bot=False, listener=None)
            if not spoken_to and f"@{self._bot_name}" not in line.text:
                return self._listener.group_command(normalise(line.text))
        heard = self._listener.command(text)
        if heard is not None:
            return heard
        alarm = hear_alarm(text)
        guessed = None if alarm is not None and alarm.certain else self._listener.guess(text)
        if alarm is not None and (alarm.certain or guessed is None):
            return Heard("alarm", {"kind": alarm.kind, "certain": alarm.certain})
        return guessed

    def _place(self, text: str) -> dict[str, Any] | None:
        place = find_place(text)
        area = self._tree.only_community()
        if place is not None and place.building is not None:
            node = self._tree.building(area.id, place.building) if area else None
            return {
                "node": node.id if node else None,
                "building": place.building,
                "unit": place.unit,
                "room": place.room,
                "words": place.words,
            }
        named = self._tree.named_in(text, area.id) if area else None
        if named is None:
            return None
        name, node = named
        return {"node": node.id, "building": node.building_number, "unit": None, "room": None, "words": name}

    def _now(self, line: Line) -> datetime:
        moment = line.at or self._clock()
        return moment.astimezone(self._zone) if moment.tzinfo else moment.replace(tzinfo=self._zone)


def _when(when: When | None) -> dict[str, Any] | None:
    """A whole day as a date, an hour as date and time; of a range of days the first and the last."""
    if when is None or when.start is None:
        return None
    form = "%Y-%m-%d" if when.whole_day else "%Y-%m-%dT%H:%M"
    end = when.end.strftime(form) if when.end else None
    return {"start": when.start.strftime(form), "end": end, "part": when.part}
