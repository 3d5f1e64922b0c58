"""What is personal in which table. Whoever adds a table or a column decides here: `tests/privacy` compares the two."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, case

from storage.tables import (
    WishState,
    audit,
    blocked_pairs,
    booking_events,
    bookings,
    calendar_feeds,
    certificates,
    chains,
    check_in_tries,
    event_series,
    events,
    grievance_events,
    grievance_people,
    grievances,
    hours,
    inbox,
    invitations,
    members,
    outbox,
    people,
    person_requests,
    phone_list,
    photos,
    pledges,
    questions,
    quiz_answers,
    quiz_prizes,
    quiz_reminders,
    quizzes,
    receptions,
    roles,
    rotas,
    sign_up_events,
    sign_ups,
    standing_helpers,
    task_claims,
    task_events,
    task_pushes,
    tasks,
    team_members,
    teams,
    units,
    volunteer_skills,
    volunteers,
    wish_events,
    wishes,
)
from storage.tables import addresses as address_rows

ERASED = "已删除"
"""What stands where a name was."""


@dataclass(frozen=True, slots=True)
class Personal:
    """What is personal in a table.

    `owners`: the columns with the id of the person whose row it is. `named`: other columns with a person's id.
    `blank`: what somebody wrote or what tells who they are, and what stands there once it is forgotten.
    `part_of`: rows of a log belong to whom the row of this column's table belongs; so do rows that they wrote.
    `removed`: nothing of such a row need stay. `leaves`: the column that says since when they take part no more.
    """

    table: Table
    owners: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    blank: Mapping[str, Any] = field(default_factory=dict)
    part_of: str | None = None
    removed: bool = False
    leaves: str | None = None


def _but_for(table: Table, *steps: str) -> ColumnElement[Any]:
    """An empty note, except where it is the program's own word, which clocks and figures are computed from."""
    return case((table.c.step.in_(steps), table.c.note), else_="")


PERSONAL = (
    Personal(people, owners=("id",), blank={"name": ERASED, "node_id": None}),
    Personal(address_rows, owners=("person_id",), removed=True),
    Personal(roles, owners=("person_id",), removed=True),
    Personal(invitations, owners=("person_id",), removed=True),
    Personal(
        grievances,
        owners=("resident_id",),
        named=("handler_id",),
        blank={"place": "", "words": ERASED, "on_behalf": ""},
    ),
    Personal(grievance_people, owners=("person_id",)),
    Personal(
        grievance_events,
        named=("actor_id", "subject"),
        blank={"note": _but_for(grievance_events, "classify", "draft")},
        part_of="grievance_number",
    ),
    Personal(photos, owners=("person_id",), removed=True),
    Personal(rotas, named=("person_id",), blank={"person_name": ERASED}),
    Personal(receptions, named=("person_id",), blank={"person_name": ERASED}),
    Personal(bookings, owners=("resident_id",), blank={"for_whom": "", "reason": "", "record": ""}),
    Personal(booking_events, named=("actor_id",), blank={"note": ""}, part_of="booking_id"),
    Personal(calendar_feeds, owners=("subject",), removed=True),
    Personal(event_series, named=("leader_id",)),
    Personal(events, named=("leader_id",)),
    Personal(sign_ups, owners=("person_id",), blank={"name": "", "item": ""}),
    Personal(sign_up_events, named=("actor_id",), blank={"note": ""}, part_of="sign_up_id"),
    Personal(standing_helpers, owners=("person_id",), removed=True),
    Personal(check_in_tries, owners=("person_id",), removed=True),
    Personal(chains, blank={"entries": []}),
    Personal(
        members,
        owners=("person_id",),
        named=("confirmed_by",),
        blank={"name": ERASED, "nickname": "", "skills": [], "free": []},
        leaves="left_at",
    ),
    Personal(units, named=("contact_id",)),
    Personal(inbox, owners=("sender",), removed=True),
    Personal(outbox, owners=("person_id",), named=("to_external_id",), blank={"text": ERASED, "mentions": []}),
    Personal(questions, owners=("person_id",), removed=True),
    Personal(phone_list, owners=("person_id",), named=("done_by",), leaves="done_at"),
    Personal(quizzes, named=("started_by",)),
    Personal(quiz_answers, owners=("person_id",)),
    Personal(quiz_prizes, owners=("person_id",), named=("given_by",)),
    Personal(quiz_reminders, owners=("person_id",)),
    Personal(
        tasks,
        owners=("orderer_id",),
        named=("ordered_by",),
        blank={"words": ERASED, "for_whom": "", "address": "", "phone": "", "rated_words": ""},
    ),
    Personal(task_claims, owners=("person_id",), blank={"reason": ""}),
    Personal(task_pushes, owners=("person_id",)),
    Personal(
        task_events,
        named=("actor_id", "subject"),
        blank={"note": _but_for(task_events, "remind", "to_worker")},
        part_of="task_id",
    ),
    Personal(blocked_pairs, owners=("person_id", "other_id"), named=("blocked_by",), removed=True),
    Personal(
        volunteers,
        owners=("person_id",),
        named=("invited_by", "confirmed_by"),
        blank={"name": ERASED, "skills": [], "free": []},
        leaves="left_at",
    ),
    Personal(volunteer_skills, owners=("person_id",), removed=True),
    Personal(teams, named=("leader_id",)),
    Personal(team_members, owners=("person_id",), leaves="left_at"),
    Personal(
        hours,
        owners=("person_id",),
        named=("given_by",),
        blank={"reason": case((hours.c.given_by.is_(None), ""), else_=ERASED)},
    ),
    Personal(certificates, owners=("person_id",), named=("decided_by",), blank={"name": ERASED}),
    Personal(
        wishes,
        owners=("wisher_id",),
        named=("reviewed_by", "claimed_by"),
        blank={
            "words": ERASED,
            "public_words": "",
            "for_whom": "",
            "who": "",
            "address": "",
            "reason": case((wishes.c.state == WishState.UNMET, wishes.c.reason), else_=""),
        },
    ),
    Personal(pledges, owners=("person_id",), named=("delivered_to",)),
    Personal(wish_events, named=("actor_id",), blank={"note": _but_for(wish_events, "ask_staff")}, part_of="wish_id"),
    Personal(person_requests, owners=("person_id",), named=("done_by",)),
    Personal(audit, owners=("actor_id",), named=("subject",)),
)
"""The audit log stays as it is: nobody can change it, and whoever was looked at may want to know by whom."""


def of(table: Table) -> Personal:
    """What is personal in a table that has something personal."""
    return next(each for each in PERSONAL if each.table is table)
