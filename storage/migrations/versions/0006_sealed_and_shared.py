"""What people entrust to us is sealed; who looked at it; several processes; what is being sent."""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

import storage.tables
from storage.sealing import keys_of

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


SEALED = {
    'blocked_pairs': (('person_id', 'other_id'), ('reason',)),
    'booking_events': (('id',), ('note',)),
    'bookings': (('id',), ('reason', 'record')),
    'chains': (('id',), ('topic', 'entries')),
    'grievance_events': (('id',), ('note',)),
    'grievances': (('number',), ('place', 'words', 'on_behalf')),
    'hours': (('id',), ('reason',)),
    'inbox': (('id',), ('group_name', 'sender_name', 'text', 'error')),
    'outbox': (('id',), ('mentions', 'text')),
    'questions': (('id',), ('about', 'prompt_values')),
    'sign_up_events': (('id',), ('note',)),
    'sign_ups': (('id',), ('name', 'item')),
    'task_claims': (('id',), ('reason',)),
    'task_events': (('id',), ('note',)),
    'tasks': (('id',), ('words', 'address', 'phone', 'rated_words')),
    'wish_events': (('id',), ('note',)),
    'wishes': (('id',), ('words', 'public_words', 'address', 'reason')),
}
"""Table: the columns of its key, and those that are sealed from now on."""

AT_ONCE = 500
_REFUSES = "the audit log is not to be changed"


def _widen(table: str, columns: tuple[str, ...]) -> None:
    """What is sealed is longer than what it seals. SQLite does not mind lengths."""
    for column in columns:
        op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE TEXT USING {column}::text')


def _seal(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> None:
    """What is there already, in steps by its key."""
    connection = op.get_bind()
    keys = None
    there = sa.table(table, *(sa.column(name) for name in (*key, *columns)))
    where = sa.and_(*(there.c[name] == sa.bindparam(f'key_{name}') for name in key))
    change = sa.update(there).where(where).values({name: sa.bindparam(f'new_{name}') for name in columns})
    last = None
    order = sa.tuple_(*(there.c[name] for name in key))
    while True:
        query = sa.select(there).order_by(*(there.c[name] for name in key)).limit(AT_ONCE)
        rows = connection.execute(query if last is None else query.where(order > sa.tuple_(*last))).mappings().all()
        if not rows:
            return
        keys = keys or keys_of(connection.dialect)
        connection.execute(change, [
            {f'key_{name}': row[name] for name in key}
            | {f'new_{name}': keys.seal(row[name], f'{table}.{name}') if row[name] else row[name] for name in columns}
            for row in rows
        ])
        last = [rows[-1][name] for name in key]


def _forbid_changes() -> None:
    """Rows of the audit log are added and never changed: the database itself refuses."""
    if op.get_bind().dialect.name == 'sqlite':
        for deed in ('UPDATE', 'DELETE'):
            op.execute(
                f"CREATE TRIGGER audit_no_{deed.lower()} BEFORE {deed} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSES}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSES}'; END $$"
    )
    op.execute(
        'CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()'
    )


def _count_the_last_day() -> None:
    """What the accounts have sent within a day of their last message, so that their budgets hold over this change."""
    outbox = sa.table('outbox', sa.column('channel'), sa.column('account'), sa.column('sent_at', storage.tables.Moment()))
    newest = op.get_bind().execute(sa.select(sa.func.max(outbox.c.sent_at))).scalar_one_or_none()
    if newest is None:
        return
    sent = sa.select(outbox.c.channel, outbox.c.account, outbox.c.sent_at).distinct()
    sent = sent.where(outbox.c.sent_at > newest - timedelta(days=1))
    op.execute(sa.insert(sa.table('sends', sa.column('channel'), sa.column('account'), sa.column('at'))).from_select(['channel', 'account', 'at'], sent))


def upgrade() -> None:
    op.create_table('audit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('actor_id', sa.String(length=160), nullable=False),
    sa.Column('deed', sa.String(length=40), nullable=False),
    sa.Column('subject', sa.String(length=160), nullable=False),
    sa.Column('field', sa.String(length=60), nullable=False),
    sa.Column('previous', sa.String(length=64), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.create_index('ix_audit_actor_id', ['actor_id', 'at'], unique=False)
        batch_op.create_index('ix_audit_subject', ['subject', 'at'], unique=False)

    op.create_table('leases',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('holder', sa.String(length=80), nullable=False),
    sa.Column('since', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('until', storage.tables.Moment(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_leases'))
    )
    op.create_table('processes',
    sa.Column('id', sa.String(length=80), nullable=False),
    sa.Column('started_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('seen_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_processes'))
    )
    op.create_table('secrets',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_secrets'))
    )
    op.create_table('sends',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('channel', sa.String(length=40), nullable=False),
    sa.Column('account', sa.String(length=80), nullable=False),
    sa.Column('at', storage.tables.Moment(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sends'))
    )
    with op.batch_alter_table('sends', schema=None) as batch_op:
        batch_op.create_index('ix_sends_newest', ['channel', 'account', 'at'], unique=False)
    _count_the_last_day()

    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('since', storage.tables.Moment(timezone=True), nullable=True))

    op.create_table('person_requests',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('kind', sa.Enum('export', 'delete', name='requestkind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('asked_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('due_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('done_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('done_by', sa.String(length=160), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_person_requests_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person_requests'))
    )
    with op.batch_alter_table('person_requests', schema=None) as batch_op:
        batch_op.create_index('ix_person_requests_open', ['due_at'], unique=False, sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))
        batch_op.create_index('ix_person_requests_person_id', ['person_id'], unique=False)

    with op.batch_alter_table('bookings', schema=None) as batch_op:
        batch_op.add_column(sa.Column('purged_at', storage.tables.Moment(timezone=True), nullable=True))
        batch_op.create_index('ix_bookings_unpurged', ['starts_at'], unique=False, sqlite_where=sa.text('purged_at IS NULL'), postgresql_where=sa.text('purged_at IS NULL'))

    with op.batch_alter_table('grievances', schema=None) as batch_op:
        batch_op.add_column(sa.Column('purged_at', storage.tables.Moment(timezone=True), nullable=True))
        batch_op.create_index('ix_grievances_unpurged', ['ended_at'], unique=False, sqlite_where=sa.text('purged_at IS NULL'), postgresql_where=sa.text('purged_at IS NULL'))

    with op.batch_alter_table('inbox', schema=None) as batch_op:
        batch_op.create_index('ix_inbox_parked', ['parked_at'], unique=False, sqlite_where=sa.text('parked_at IS NOT NULL'), postgresql_where=sa.text('parked_at IS NOT NULL'))

    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.add_column(sa.Column('claimed_at', storage.tables.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('claimed_by', sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column('uncertain_since', storage.tables.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('until', storage.tables.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('settled_at', storage.tables.Moment(timezone=True), nullable=True))
        batch_op.drop_index('ix_outbox_account_sent_at')
        batch_op.drop_index('ix_outbox_due')
        batch_op.create_index('ix_outbox_due', ['channel', 'urgency', 'due_at'], unique=False, sqlite_where=sa.text('sent_at IS NULL AND failed_at IS NULL'), postgresql_where=sa.text('sent_at IS NULL AND failed_at IS NULL'))
        batch_op.create_index('ix_outbox_owed', ['channel', 'group_external_id', 'to_external_id', 'urgency', 'id'], unique=False, sqlite_where=sa.text('sent_at IS NULL AND failed_at IS NULL'), postgresql_where=sa.text('sent_at IS NULL AND failed_at IS NULL'))
        batch_op.create_index('ix_outbox_unasked', ['channel', 'group_external_id', 'sent_at'], unique=False, sqlite_where=sa.text('urgency >= 3 AND group_external_id IS NOT NULL'), postgresql_where=sa.text('urgency >= 3 AND group_external_id IS NOT NULL'))
        batch_op.create_index('ix_outbox_undelivered', ['failed_at'], unique=False, sqlite_where=sa.text('failed_at IS NOT NULL AND settled_at IS NULL'), postgresql_where=sa.text('failed_at IS NOT NULL AND settled_at IS NULL'))

    with op.batch_alter_table('photos', schema=None) as batch_op:
        batch_op.create_index('ix_photos_person_id', ['person_id'], unique=False)

    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.add_column(sa.Column('erased_at', storage.tables.Moment(timezone=True), nullable=True))

    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('purged_at', storage.tables.Moment(timezone=True), nullable=True))
        batch_op.create_index('ix_tasks_unpurged', ['ended_at'], unique=False, sqlite_where=sa.text('purged_at IS NULL'), postgresql_where=sa.text('purged_at IS NULL'))

    with op.batch_alter_table('wishes', schema=None) as batch_op:
        batch_op.add_column(sa.Column('purged_at', storage.tables.Moment(timezone=True), nullable=True))
        batch_op.create_index('ix_wishes_unpurged', ['ended_at'], unique=False, sqlite_where=sa.text('purged_at IS NULL'), postgresql_where=sa.text('purged_at IS NULL'))

    _forbid_changes()
    for table, (key, columns) in SEALED.items():
        if op.get_bind().dialect.name == 'postgresql':
            _widen(table, columns)
        _seal(table, key, columns)
