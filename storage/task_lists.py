"""What lists of tasks need beside the tasks themselves."""

from collections.abc import Collection

from sqlalchemy import bindparam, select

from storage.database import Store
from storage.tables import task_pushes

_ASKED = (
    select(task_pushes.c.task_id, task_pushes.c.person_id)
    .where(task_pushes.c.task_id.in_(bindparam("tasks", expanding=True)))
    .order_by(task_pushes.c.task_id, task_pushes.c.pushed_at, task_pushes.c.person_id)
)


def asked(store: Store, task_ids: Collection[int]) -> list[tuple[int, str]]:
    """Who was asked about each of these tasks, in the order in which they were."""
    if not task_ids:
        return []
    return [(row.task_id, row.person_id) for row in store.connection.execute(_ASKED, {"tasks": list(task_ids)})]
