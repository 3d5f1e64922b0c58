"""Watches the accounts that run here: the staff hear of one that is away for long, and of its return."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.staff_alarm import StaffAlarm

AWAY_SECONDS = 30.0
"""Staff hear within a minute: a frozen gateway is noticed after 20 seconds, which go before."""

STEADY_SECONDS = 20.0
"""So long an account must stay to be back: one that comes and goes is away."""

LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Away:
    """An account cannot speak or hear. `seconds`: for how long by now."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Back:
    """It can again. `seconds`: for how long it could not, or only now and then."""

    name: str
    seconds: float


@dataclass(slots=True)
class _Absence:
    since: float
    returned_at: float | None = None
    told: bool = False


@dataclass(slots=True)
class Watch:
    """Looks at which accounts are ready. Times are seconds of a clock that nobody sets."""

    _absences: dict[str, _Absence] = field(default_factory=dict)

    def look(self, ready: Mapping[str, bool], now: float) -> list[Away | Back]:
        """What is to be told, each once."""
        for name in self._absences.keys() - ready.keys():  # another process runs it now, and watches it
            del self._absences[name]
        found = [self._look(name, now, is_ready=is_ready) for name, is_ready in ready.items()]
        return [each for each in found if each is not None]

    def _look(self, name: str, now: float, *, is_ready: bool) -> Away | Back | None:
        absence = self._absences.get(name)
        if absence is None:
            if not is_ready:
                self._absences[name] = _Absence(now)
            return None
        if is_ready:
            absence.returned_at = now if absence.returned_at is None else absence.returned_at
            if now - absence.returned_at >= STEADY_SECONDS:
                del self._absences[name]
                return Back(name, absence.returned_at - absence.since) if absence.told else None
        else:
            absence.returned_at = None
        if not absence.told and not is_ready and now - absence.since >= AWAY_SECONDS:
            absence.told = True
            return Away(name, now - absence.since)
        return None


async def keep_watch(ready: Callable[[], Mapping[str, bool]], alarm: StaffAlarm) -> None:
    """Until cancelled. `ready`: the accounts that run here, and whether each is ready."""
    loop, watch = asyncio.get_running_loop(), Watch()
    while True:
        for seen in watch.look(ready(), loop.time()):
            minutes, seconds = divmod(round(seen.seconds), 60)
            key = "staff_alarms.away" if isinstance(seen, Away) else "staff_alarms.back"
            await alarm.tell(key, without=seen.name, channel=seen.name, minutes=minutes, seconds=seconds)
        await asyncio.sleep(LOOK_SECONDS)
