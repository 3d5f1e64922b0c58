"""What came of something in the register: small facts for the conversation to word."""

from dataclasses import dataclass

from storage.volunteers import Team, Volunteer


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody says of themselves who wants to be a volunteer. `inviter`: a name, as it was said."""

    name: str
    skills: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    inviter: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """They are in the register. `back`: they had been before and find their hours again; `inviter`: who brought them,
    empty where nobody is known by the name that was said. `tell`: who is to confirm them; nobody where that is so."""

    volunteer: Volunteer
    back: bool
    inviter: str
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The community knows them."""

    volunteer: Volunteer


@dataclass(frozen=True, slots=True)
class Left:
    """They are out of everything. `teams`: those they were in; `led`: those that have no leader any more; `tell`: the
    leaders of the others, and for those without one the workers, by team."""

    person_id: str
    name: str
    teams: tuple[Team, ...]
    led: tuple[Team, ...]
    tell: tuple[tuple[str, Team], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list for staff."""

    volunteer: Volunteer
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MyTeam:
    """A team as those in it see it. `leader`: empty where it has none; `leads`: whoever asks does."""

    team: Team
    leader: str
    count: int
    leads: bool


@dataclass(frozen=True, slots=True)
class TeamChanged:
    """Somebody is in a team, or not any more. `tell`: its leader, unless they did it themselves; `count`: how many
    are in it now."""

    team: Team
    person_id: str
    name: str
    count: int
    leader: str
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Formed:
    """There is a new team; it may be without a leader."""

    team: Team
    leader: str
