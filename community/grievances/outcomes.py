"""What came of something: small facts for the conversation to word."""

from dataclasses import dataclass
from datetime import datetime

from community.parts.clock import Milestone
from community.tree import Node, Responsible, RoleHolder
from storage.grievances import Event, Grievance


@dataclass(frozen=True, slots=True)
class Where:
    """A place as the resident said it. `building` where a number was named, `node_id` where a name of the tree was."""

    words: str = ""
    building: int | None = None
    node_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """It has a number and people who must act.

    `vacant`: the level that should have had somebody for it and has nobody, which `administrators` should hear.
    `answer_at`: the same person has reported much within a minute, and hears of it together with the rest.
    """

    grievance: Grievance
    responsible: Responsible | None
    vacant: Node | None = None
    administrators: tuple[str, ...] = ()
    answer_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Classified:
    """It is about something else. `responsible`: who must act now, where these are others than before.

    `tell`: everybody else with a part in it.
    """

    grievance: Grievance
    tell: tuple[str, ...] = ()
    responsible: Responsible | None = None


@dataclass(frozen=True, slots=True)
class PlaceMissing:
    """It has a number, but the place must be asked for. `unknown_building` was named and does not exist."""

    grievance: Grievance
    unknown_building: int | None = None


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """Everything is known; the resident reads it back once before it goes out."""

    grievance: Grievance


@dataclass(frozen=True, slots=True)
class SameAs:
    """It was told of before: the resident may follow that one or have a number of their own.

    `known`: they told of it themselves, or follow it already.
    """

    grievance: Grievance
    earlier: Grievance
    known: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """Somebody has it now. `tell`: the resident and all who joined; `lead` stays answerable, `others` need not act."""

    grievance: Grievance
    handler: RoleHolder
    photos: tuple[str, ...]
    tell: tuple[str, ...]
    lead: str | None
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assigned:
    """It was given to somebody by name. `tell`: the resident and all who joined; `others`: who had it or helps."""

    grievance: Grievance
    handler: RoleHolder
    photos: tuple[str, ...]
    tell: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Helping:
    """Somebody helps from now on. `tell`: everybody else with a part in it."""

    grievance: Grievance
    helper: RoleHolder
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The handler has returned it with a reason; it is with somebody else now, the first time as proposed."""

    grievance: Grievance
    reason: str
    now_with: Responsible
    by_proposal: bool
    lead: str | None
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The handler asks the resident something; the clock stands still."""

    grievance: Grievance
    words: str


@dataclass(frozen=True, slots=True)
class Added:
    """Something was added. `tell`: who is at work on it; and `by_staff` the resident and all who joined as well."""

    grievance: Grievance
    words: str
    tell: tuple[str, ...]
    by_staff: bool = False


@dataclass(frozen=True, slots=True)
class Handled:
    """The handler says it is done; the resident is to be asked, and those who joined are told.

    `others`: who leads it or helps, besides the handler.
    """

    grievance: Grievance
    handler: RoleHolder
    note: str
    joined: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The resident says it is solved; the mark is to be asked for."""

    grievance: Grievance


@dataclass(frozen=True, slots=True)
class Reopened:
    """The resident says it is not, or not all, solved. `tell`: handler and level above; `joined` hear it too."""

    grievance: Grievance
    tell: tuple[str, ...]
    joined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """Solved and rated. `tell`: those at work on it; `call_back`: who must phone a dissatisfied resident."""

    grievance: Grievance
    tell: tuple[str, ...]
    call_back: tuple[str, ...]
    joined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The resident does not want it any more. `tell`: who was at work on it; `joined`: who followed what they had
    not told to the end."""

    grievance: Grievance
    tell: tuple[str, ...]
    joined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who had joined does not follow it any more."""

    grievance: Grievance


@dataclass(frozen=True, slots=True)
class RatedJoined:
    """The mark of somebody who had joined. `call_back`: who must phone them, where they are dissatisfied."""

    grievance: Grievance
    call_back: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """What somebody who may know is told. `holder`: who has it now, or whose turn it is; None: nobody is there.

    Those who joined have no `knows_place`: it may name a neighbour's door.
    """

    grievance: Grievance
    holder: RoleHolder | None
    is_own: bool
    knows_place: bool


@dataclass(frozen=True, slots=True)
class NameHidden:
    """The handler does not read the resident's name from now on. `seen`: somebody who accepted it has read it."""

    grievance: Grievance
    seen: bool


@dataclass(frozen=True, slots=True)
class PhotosAdded:
    """Photos are with the grievance. `tell`: who is at work on it."""

    grievance: Grievance
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhotosKept:
    """Photos wait for the words that belong to them."""

    count: int


@dataclass(frozen=True, slots=True)
class Joined:
    """One more household. `first`: it is new that this person follows it.

    `words`: what they said of it, where they had begun to tell of it themselves. `moved`: who had joined that one.
    """

    grievance: Grievance
    first: bool
    words: str = ""
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Urged:
    """The handler hears that the resident waits; from the second time on the level above does too."""

    grievance: Grievance
    handlers: tuple[str, ...]
    above: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """One grievance goes on within another. `tell`: its resident and all who had joined it; `at_work`: on either."""

    grievance: Grievance
    into: Grievance
    tell: tuple[str, ...]
    at_work: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """It is at `node`, in another community, from now on. `tell`: the resident and all who joined."""

    grievance: Grievance
    node: Node
    responsible: Responsible
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """It stands alone again. `tell`: its resident and all who had joined it."""

    grievance: Grievance
    responsible: Responsible | None
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corrected:
    """The clocks follow another time of `event`. `tell`: whom another deadline concerns."""

    grievance: Grievance
    event: Event
    tell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reminded:
    """Nobody accepted in time: those whose turn it is are reminded."""

    grievance: Grievance
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Escalated:
    """Still nobody, or still not done: it is with the level above too. `late`: who let it wait.

    `followers`: the resident and all who joined. Empty where it did not climb because there is no level above, and
    those at the top hear it again.
    """

    grievance: Grievance
    late: tuple[str, ...]
    responsible: Responsible
    followers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pressed:
    """Half of the time is over, nearly all of it, or all of it. `tell`: those who have it."""

    grievance: Grievance
    tell: tuple[str, ...]
    milestone: Milestone


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """The resident has not answered for three days. `words`: what the handler wanted to know, where it was that."""

    grievance: Grievance
    words: str = ""


@dataclass(frozen=True, slots=True)
class WentOn:
    """The resident has not told the handler what they wanted to know: the clock goes on without it."""

    grievance: Grievance
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vacated:
    """Whoever had it has left: it is with those who are responsible again. `followers`: resident and all who joined."""

    grievance: Grievance
    tell: tuple[str, ...]
    holder: RoleHolder | None
    followers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The resident has not answered for a week: closed, and counted apart. `joined` may still rate."""

    grievance: Grievance
    tell: tuple[str, ...]
    joined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The whole log, for those who may read it. `residents`: the one who reported it and all who joined."""

    grievance: Grievance
    events: tuple[Event, ...]
    residents: tuple[str, ...]


Chased = Reported | Reminded | Escalated | Pressed | AskedAgain | WentOn | Vacated | Lapsed
