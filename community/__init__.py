"""What the community decides. `Community` is all of it, within one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass

from community.alarms import Alarms
from community.bookings import Bookings
from community.grievances import Grievances
from community.groups import Groups
from community.market import Market
from community.members import Members
from community.muting import Muting
from community.parked import ParkedMessages
from community.parts.notice import Notices
from community.parts.questions import Questions
from community.people import People
from community.phone_list import PhoneList
from community.privacy import Audit, Requests, Retention
from community.privacy.recalls import Recalls
from community.quizzes import Quizzes
from community.rota import Rotas
from community.rules import Rules
from community.tasks import Tasks
from community.tree import Tree
from community.undelivered import UndeliveredList
from community.volunteers import Volunteers
from community.wishes import Wishes
from storage.database import Store


@dataclass(frozen=True, slots=True)
class Community:
    """The door through which handlers, jobs and the console reach every service."""

    tree: Tree
    rules: Rules
    people: People
    groups: Groups
    questions: Questions
    notices: Notices
    audit: Audit
    requests: Requests
    retention: Retention
    recalls: Recalls
    phone_list: PhoneList
    parked: ParkedMessages
    undelivered: UndeliveredList
    muting: Muting
    alarms: Alarms
    grievances: Grievances
    bookings: Bookings
    rota: Rotas
    volunteers: Volunteers
    market: Market
    members: Members
    tasks: Tasks
    wishes: Wishes
    quizzes: Quizzes

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules, channels: Mapping[str, str]) -> "Community":
        """The community as of this transaction. `channels`: those that run now, with their account."""
        phone_list = PhoneList(store, tree)
        audit = Audit(store)
        grievances = Grievances.open(store, tree, rules)
        bookings = Bookings.open(store, tree, rules, grievances)
        volunteers = Volunteers.open(store, tree, rules)
        return cls(
            tree=tree,
            rules=rules,
            people=People(store, rules),
            groups=Groups(store, tree),
            questions=Questions(store, rules),
            notices=Notices(store, rules, channels),
            audit=audit,
            requests=Requests(store, tree, rules, audit),
            retention=Retention(store, rules),
            recalls=Recalls(store, tree, audit, grievances),
            phone_list=phone_list,
            parked=ParkedMessages(store, tree),
            undelivered=UndeliveredList(store, tree),
            muting=Muting(store, tree),
            alarms=Alarms(tree, phone_list),
            grievances=grievances,
            bookings=bookings,
            rota=Rotas(bookings.ledger, bookings),
            volunteers=volunteers,
            tasks=Tasks.open(store, tree, rules, volunteers, grievances),
            wishes=Wishes.open(store, tree, rules, volunteers),
            market=Market.open(store, tree, rules, volunteers),
            members=Members.open(store, tree, rules, volunteers),
            quizzes=Quizzes.open(store, tree, rules),
        )
