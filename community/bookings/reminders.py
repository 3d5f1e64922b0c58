"""What the scheduler does about bookings: reminds, lets offers lapse, asks whether it helped. Each once."""

from dataclasses import dataclass
from datetime import datetime

from community.bookings.ledger import Ledger
from community.bookings.outcomes import AskHelped, Due, OfferLapsed, Reminded
from community.bookings.steps import Stage, State, Step
from storage import bookings
from storage.bookings import Booking


@dataclass(frozen=True, slots=True)
class Reminders:
    """Run by the scheduler: the rows say what is due."""

    ledger: Ledger

    def run(self, now: datetime) -> list[Due]:
        """What is due by now. What has become pointless is left out.

        Of several who do this at once one waits for the other, and finds it done.
        """
        reception_ids = {each.reception_id for each in bookings.due(self.ledger.store, now)}
        self.ledger.locked(*reception_ids)
        locked = (each for each in bookings.due(self.ledger.store, now) if each.reception_id in reception_ids)
        due = [self._one(booking, now) for booking in locked]
        return [each for each in due if each is not None]

    def next_due(self) -> datetime | None:
        """When `run` has something to do next."""
        return bookings.next_due(self.ledger.store)

    def _one(self, booking: Booking, now: datetime) -> Due | None:
        match booking.stage:
            case Stage.OFFER if booking.state is State.OFFERED:
                return self._lapse(booking, now)
            case Stage.EVENING | Stage.BEFORE if booking.state is State.HELD:
                return self._remind(booking, now)
            case Stage.FOLLOW_UP if booking.state is State.CAME:
                changed = self.ledger.note(booking, Step.ASK_HELPED, None, now)
                return AskHelped(self.ledger.place(self.ledger.look_again(changed, now)))
            case _:
                self.ledger.look_again(booking, now)
                return None

    def _remind(self, booking: Booking, now: datetime) -> Reminded | None:
        looked = self.ledger.look_again(booking, now)
        if booking.starts_at <= now:
            self.ledger.log(booking, Step.TOO_LATE, None, now)
            return None
        self.ledger.close_questions(booking, now)
        self.ledger.log(booking, Step.REMIND, None, now)
        return Reminded(self.ledger.place(looked))

    def _lapse(self, booking: Booking, now: datetime) -> OfferLapsed:
        changed = self.ledger.step(booking, Step.LAPSE, None, now)
        reception = self.ledger.reception(booking.reception_id)
        return OfferLapsed(self.ledger.place(changed), self.ledger.offer(reception, now))
