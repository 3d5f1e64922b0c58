"""Figures of wishes: counted in the database, for what was wished for in a period at some communities.

Every statement reads one period by the index on node and time of asking, or what is open by the index of open wishes.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, func, select

from storage.database import Store
from storage.figures import Scope, Waits, count, middle, waits
from storage.tables import WishState, wishes


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of the wishes of one kind, as it stands now.

    `posted`: everybody was told of them; `claimed` are of these and somebody's, or were until they came true. What
    did not come true is `in_review`, `returned`, `withdrawn`, `unmet`, or still up.
    """

    asked: int = 0
    in_review: int = 0
    returned: int = 0
    posted: int = 0
    claimed: int = 0
    fulfilled: int = 0
    unmet: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class OpenNow:
    """What has not ended: nobody has looked at it, nobody has it, somebody has it, it is said to be there."""

    in_review: int
    posted: int
    claimed: int
    delivered: int


_COLUMNS = wishes.c
_IS_CROWD = _COLUMNS.goal.is_not(None)
_WAS_CLAIMED = _COLUMNS.state.in_((WishState.CLAIMED, WishState.DELIVERED, WishState.FULFILLED))
_AT_NODES = _COLUMNS.node_id.in_(bindparam("nodes", expanding=True))
_IN_PERIOD = and_(_AT_NODES, _COLUMNS.asked_at >= bindparam("begin"), _COLUMNS.asked_at < bindparam("end"))


def _in(state: WishState) -> ColumnElement[int]:
    return count(_COLUMNS.state == state)


_COUNT = (
    select(
        _IS_CROWD,
        func.count(),
        _in(WishState.ASKED),
        _in(WishState.RETURNED),
        count(_COLUMNS.posted_at.is_not(None)),
        count(_WAS_CLAIMED),
        _in(WishState.FULFILLED),
        _in(WishState.UNMET),
        _in(WishState.WITHDRAWN),
    )
    .where(_IN_PERIOD)
    .group_by(_IS_CROWD)
)
_REASONS = select(_COLUMNS.reason).where(_IN_PERIOD, _COLUMNS.state == WishState.UNMET)
_OPEN_NOW = select(_in(WishState.ASKED), _in(WishState.POSTED), _in(WishState.CLAIMED), _in(WishState.DELIVERED)).where(
    _AT_NODES, _COLUMNS.ended_at.is_(None)
)
_TO_CLAIM = middle(_COLUMNS.posted_at, _COLUMNS.claimed_at, _IN_PERIOD, ~_IS_CROWD, _WAS_CLAIMED)
_TO_FULFILMENT = middle(
    _COLUMNS.posted_at, _COLUMNS.ended_at, _IN_PERIOD, ~_IS_CROWD, _COLUMNS.state == WishState.FULFILLED
)
_EARLIEST = select(_COLUMNS.asked_at).order_by(_COLUMNS.id).limit(1)


def totals(store: Store, scope: Scope) -> tuple[Counted, Counted]:
    """What was wished for, and what became of it: wishes for one giver, and crowd wishes."""
    rows = store.connection.execute(_COUNT, scope.values)
    found = {bool(is_crowd): Counted(*counts) for is_crowd, *counts in rows}
    return found.get(False, Counted()), found.get(True, Counted())


def reasons(store: Store, scope: Scope, at_most: int = 3) -> list[tuple[str, int]]:
    """Why wishes were not met, in the words of the staff, the most frequent first."""
    found = Counter(store.connection.execute(_REASONS, scope.values).scalars())  # sealed: counted here
    return sorted(found.items(), key=lambda each: (-each[1], each[0]))[:at_most]


def open_now(store: Store, node_ids: Collection[str]) -> OpenNow:
    """What has not ended at these nodes, whenever it was wished for."""
    return OpenNow(*store.connection.execute(_OPEN_NOW, {"nodes": list(node_ids)}).one())


def waits_for_claim(store: Store, scope: Scope) -> Waits:
    """From the posting until the claim that stands. Not of crowd wishes."""
    return waits(store, _TO_CLAIM, scope)


def waits_for_fulfilment(store: Store, scope: Scope) -> Waits:
    """From the posting until the wisher had it. Not of crowd wishes."""
    return waits(store, _TO_FULFILMENT, scope)


def earliest(store: Store) -> datetime | None:
    """When the first of all was asked: the one with the lowest number."""
    return store.connection.execute(_EARLIEST).scalar_one_or_none()
