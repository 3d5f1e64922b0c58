"""Tasks, wishes, and the members of units."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def _fill(skills: sa.Table) -> None:
    """The skills of those who are volunteers already."""
    volunteers = sa.table(
        'volunteers', sa.column('person_id'), sa.column('node_id'), sa.column('skills', sa.JSON), sa.column('left_at')
    )
    there = op.get_bind().execute(sa.select(volunteers).where(volunteers.c.left_at.is_(None)))
    rows = [
        {'node_id': each.node_id, 'skill': skill, 'person_id': each.person_id}
        for each in there
        for skill in dict.fromkeys(each.skills)
    ]
    if rows:
        op.bulk_insert(skills, rows)


def upgrade() -> None:
    op.create_table('services',
    sa.Column('id', sa.String(length=80), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('skill', sa.String(length=60), nullable=False),
    sa.Column('at_home', sa.Boolean(), nullable=False),
    sa.Column('takers', sa.Integer(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('ended_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.CheckConstraint('takers BETWEEN 1 AND 2', name=op.f('ck_services_takers')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_services_node_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_services'))
    )
    op.create_table('blocked_pairs',
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('other_id', sa.String(length=160), nullable=False),
    sa.Column('blocked_by', sa.String(length=160), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('blocked_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.CheckConstraint('person_id <> other_id', name=op.f('ck_blocked_pairs_two_people')),
    sa.ForeignKeyConstraint(['blocked_by'], ['people.id'], name=op.f('fk_blocked_pairs_blocked_by')),
    sa.ForeignKeyConstraint(['other_id'], ['people.id'], name=op.f('fk_blocked_pairs_other_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_blocked_pairs_person_id')),
    sa.PrimaryKeyConstraint('person_id', 'other_id', name=op.f('pk_blocked_pairs'))
    )
    skills = op.create_table('volunteer_skills',
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('skill', sa.String(length=60), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_volunteer_skills_node_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_volunteer_skills_person_id')),
    sa.PrimaryKeyConstraint('node_id', 'skill', 'person_id', name=op.f('pk_volunteer_skills'))
    )
    with op.batch_alter_table('volunteer_skills', schema=None) as batch_op:
        batch_op.create_index('ix_volunteer_skills_person_id', ['person_id'], unique=False)

    _fill(skills)
    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.create_index('ix_people_node_id', ['node_id', 'id'], unique=False)

    with op.batch_alter_table('volunteers', schema=None) as batch_op:
        batch_op.create_index('ix_volunteers_active', ['node_id', 'person_id'], unique=False, sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))

    op.create_table('units',
    sa.Column('id', sa.String(length=80), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('contact_id', sa.String(length=160), nullable=True),
    sa.Column('headcount', sa.Integer(), nullable=True),
    sa.Column('from_file', sa.Boolean(), nullable=False),
    sa.Column('ended_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['contact_id'], ['people.id'], name=op.f('fk_units_contact_id')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_units_node_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_units'))
    )
    op.create_table('wishes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('wisher_id', sa.String(length=160), nullable=False),
    sa.Column('for_whom', sa.String(length=60), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('public_words', sa.String(length=120), nullable=False),
    sa.Column('category', sa.String(length=40), nullable=False),
    sa.Column('who', sa.String(length=40), nullable=False),
    sa.Column('goal', sa.Integer(), nullable=True),
    sa.Column('unit', sa.String(length=20), nullable=False),
    sa.Column('thing', sa.String(length=40), nullable=False),
    sa.Column('closes_on', sa.Date(), nullable=True),
    sa.Column('told_quarter', sa.Integer(), nullable=False),
    sa.Column('told_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('tell_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('state', sa.Enum('asked', 'posted', 'claimed', 'delivered', 'fulfilled', 'returned', 'unmet', 'withdrawn', name='wishstate', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('group_external_id', sa.String(length=160), nullable=True),
    sa.Column('asked_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('reviewed_by', sa.String(length=160), nullable=True),
    sa.Column('posted_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('claimed_by', sa.String(length=160), nullable=True),
    sa.Column('claimed_for', sa.String(length=120), nullable=False),
    sa.Column('claimed_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('delivered_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('ended_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('by_name', sa.Boolean(), nullable=True),
    sa.Column('changed_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('next_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('stage', sa.String(length=24), nullable=False),
    sa.CheckConstraint('goal IS NULL OR goal > 0', name=op.f('ck_wishes_goal')),
    sa.ForeignKeyConstraint(['claimed_by'], ['people.id'], name=op.f('fk_wishes_claimed_by')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_wishes_node_id')),
    sa.ForeignKeyConstraint(['reviewed_by'], ['people.id'], name=op.f('fk_wishes_reviewed_by')),
    sa.ForeignKeyConstraint(['wisher_id'], ['people.id'], name=op.f('fk_wishes_wisher_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wishes')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('wishes', schema=None) as batch_op:
        batch_op.create_index('ix_wishes_claimed_by', ['claimed_by'], unique=False, sqlite_where=sa.text('claimed_by IS NOT NULL'), postgresql_where=sa.text('claimed_by IS NOT NULL'))
        batch_op.create_index('ix_wishes_next_at', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.create_index('ix_wishes_node_id_asked_at', ['node_id', 'asked_at'], unique=False)
        batch_op.create_index('ix_wishes_open', ['node_id', 'state'], unique=False, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.create_index('ix_wishes_tell_at', ['tell_at'], unique=False, sqlite_where=sa.text('tell_at IS NOT NULL'), postgresql_where=sa.text('tell_at IS NOT NULL'))
        batch_op.create_index('ix_wishes_wisher_id', ['wisher_id', 'asked_at'], unique=False)

    op.create_table('members',
    sa.Column('id', sa.String(length=160), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=True),
    sa.Column('unit_id', sa.String(length=80), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('nickname', sa.String(length=120), nullable=False),
    sa.Column('from_sheet', sa.Boolean(), nullable=False),
    sa.Column('skills', sa.JSON(), nullable=False),
    sa.Column('free', sa.JSON(), nullable=False),
    sa.Column('since', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('reported_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('confirmed_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('confirmed_by', sa.String(length=160), nullable=True),
    sa.Column('left_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('remind_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['confirmed_by'], ['people.id'], name=op.f('fk_members_confirmed_by')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_members_node_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_members_person_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['units.id'], name=op.f('fk_members_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_members'))
    )
    with op.batch_alter_table('members', schema=None) as batch_op:
        batch_op.create_index('ix_members_remind_at', ['remind_at'], unique=False, sqlite_where=sa.text('remind_at IS NOT NULL'), postgresql_where=sa.text('remind_at IS NOT NULL'))
        batch_op.create_index('ix_members_reported_at', ['reported_at'], unique=False)
        batch_op.create_index('ix_members_unit_id', ['unit_id'], unique=False, sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))
        batch_op.create_index('uq_members_person_id', ['person_id'], unique=True, sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))

    op.create_table('pledges',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('wish_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('amount', sa.Integer(), nullable=False),
    sa.Column('pledged_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('withdrawn_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('delivered_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('delivered_to', sa.String(length=160), nullable=True),
    sa.Column('by_name', sa.Boolean(), nullable=True),
    sa.CheckConstraint('amount > 0', name=op.f('ck_pledges_amount')),
    sa.ForeignKeyConstraint(['delivered_to'], ['people.id'], name=op.f('fk_pledges_delivered_to')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_pledges_person_id')),
    sa.ForeignKeyConstraint(['wish_id'], ['wishes.id'], name=op.f('fk_pledges_wish_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pledges'))
    )
    with op.batch_alter_table('pledges', schema=None) as batch_op:
        batch_op.create_index('ix_pledges_person_id', ['person_id', 'pledged_at'], unique=False)
        batch_op.create_index('ix_pledges_wish_id', ['wish_id'], unique=False, sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))

    op.create_table('tasks',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('orderer_id', sa.String(length=160), nullable=False),
    sa.Column('ordered_by', sa.String(length=160), nullable=False),
    sa.Column('service_id', sa.String(length=80), nullable=True),
    sa.Column('what', sa.String(length=60), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('for_whom', sa.String(length=60), nullable=False),
    sa.Column('skill', sa.String(length=60), nullable=False),
    sa.Column('place_id', sa.String(length=80), nullable=True),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('phone', sa.String(length=40), nullable=False),
    sa.Column('at_home', sa.Boolean(), nullable=False),
    sa.Column('takers', sa.Integer(), nullable=False),
    sa.Column('urgent', sa.Boolean(), nullable=False),
    sa.Column('from_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('until_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('ordered', 'claimed', 'done', 'rated', 'cancelled', 'unmet', name='taskstate', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.String(length=80), nullable=True),
    sa.Column('grievance_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('group_external_id', sa.String(length=160), nullable=True),
    sa.Column('ordered_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('claimed_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('done_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('ended_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('rating', sa.Integer(), nullable=True),
    sa.Column('rated_words', sa.Text(), nullable=False),
    sa.Column('changed_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('next_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('stage', sa.String(length=24), nullable=False),
    sa.CheckConstraint('rating BETWEEN 1 AND 3', name=op.f('ck_tasks_rating')),
    sa.CheckConstraint('takers BETWEEN 1 AND 2', name=op.f('ck_tasks_takers')),
    sa.CheckConstraint('until_at IS NULL OR from_at IS NULL OR until_at >= from_at', name=op.f('ck_tasks_hours')),
    sa.ForeignKeyConstraint(['grievance_number'], ['grievances.number'], name=op.f('fk_tasks_grievance_number')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_tasks_node_id')),
    sa.ForeignKeyConstraint(['ordered_by'], ['people.id'], name=op.f('fk_tasks_ordered_by')),
    sa.ForeignKeyConstraint(['orderer_id'], ['people.id'], name=op.f('fk_tasks_orderer_id')),
    sa.ForeignKeyConstraint(['place_id'], ['nodes.id'], name=op.f('fk_tasks_place_id')),
    sa.ForeignKeyConstraint(['service_id'], ['services.id'], name=op.f('fk_tasks_service_id')),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_tasks_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tasks')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.create_index('ix_tasks_next_at', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.create_index('ix_tasks_node_id_ordered_at', ['node_id', 'ordered_at'], unique=False)
        batch_op.create_index('ix_tasks_open', ['node_id', 'state'], unique=False, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.create_index('ix_tasks_orderer_id', ['orderer_id', 'ordered_at'], unique=False)

    op.create_table('wish_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('wish_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('actor_id', sa.String(length=160), nullable=True),
    sa.Column('step', sa.String(length=24), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['wish_id'], ['wishes.id'], name=op.f('fk_wish_events_wish_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wish_events'))
    )
    with op.batch_alter_table('wish_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_wish_events_wish_id'), ['wish_id'], unique=False)

    op.create_table('task_claims',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('task_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('slot', sa.Integer(), nullable=False),
    sa.Column('claimed_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('given_back_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('done_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_task_claims_person_id')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_task_claims_task_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_task_claims'))
    )
    with op.batch_alter_table('task_claims', schema=None) as batch_op:
        batch_op.create_index('ix_task_claims_person_id_claimed_at', ['person_id', 'claimed_at'], unique=False)
        batch_op.create_index('ix_task_claims_task_id', ['task_id'], unique=False)
        batch_op.create_index('uq_task_claims_person', ['task_id', 'person_id'], unique=True, sqlite_where=sa.text('given_back_at IS NULL'), postgresql_where=sa.text('given_back_at IS NULL'))
        batch_op.create_index('uq_task_claims_slot', ['task_id', 'slot'], unique=True, sqlite_where=sa.text('given_back_at IS NULL'), postgresql_where=sa.text('given_back_at IS NULL'))

    op.create_table('task_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('task_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('actor_id', sa.String(length=160), nullable=True),
    sa.Column('step', sa.String(length=24), nullable=False),
    sa.Column('subject', sa.String(length=160), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_task_events_task_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_task_events'))
    )
    with op.batch_alter_table('task_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_task_events_task_id'), ['task_id'], unique=False)

    op.create_table('task_pushes',
    sa.Column('task_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('pushed_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('declined_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_task_pushes_person_id')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_task_pushes_task_id')),
    sa.PrimaryKeyConstraint('task_id', 'person_id', name=op.f('pk_task_pushes'))
    )
    with op.batch_alter_table('task_pushes', schema=None) as batch_op:
        batch_op.create_index('ix_task_pushes_person_id_pushed_at', ['person_id', 'pushed_at'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('volunteers', schema=None) as batch_op:
        batch_op.drop_index('ix_volunteers_active', sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))

    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.drop_index('ix_people_node_id')

    with op.batch_alter_table('task_pushes', schema=None) as batch_op:
        batch_op.drop_index('ix_task_pushes_person_id_pushed_at')

    op.drop_table('task_pushes')
    with op.batch_alter_table('task_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_task_events_task_id'))

    op.drop_table('task_events')
    with op.batch_alter_table('task_claims', schema=None) as batch_op:
        batch_op.drop_index('uq_task_claims_slot', sqlite_where=sa.text('given_back_at IS NULL'), postgresql_where=sa.text('given_back_at IS NULL'))
        batch_op.drop_index('uq_task_claims_person', sqlite_where=sa.text('given_back_at IS NULL'), postgresql_where=sa.text('given_back_at IS NULL'))
        batch_op.drop_index('ix_task_claims_task_id')
        batch_op.drop_index('ix_task_claims_person_id_claimed_at')

    op.drop_table('task_claims')
    with op.batch_alter_table('wish_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_wish_events_wish_id'))

    op.drop_table('wish_events')
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.drop_index('ix_tasks_orderer_id')
        batch_op.drop_index('ix_tasks_open', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index('ix_tasks_node_id_ordered_at')
        batch_op.drop_index('ix_tasks_next_at', sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))

    op.drop_table('tasks')
    with op.batch_alter_table('pledges', schema=None) as batch_op:
        batch_op.drop_index('ix_pledges_wish_id', sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))
        batch_op.drop_index('ix_pledges_person_id')

    op.drop_table('pledges')
    with op.batch_alter_table('members', schema=None) as batch_op:
        batch_op.drop_index('uq_members_person_id', sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))
        batch_op.drop_index('ix_members_unit_id', sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))
        batch_op.drop_index('ix_members_reported_at')
        batch_op.drop_index('ix_members_remind_at', sqlite_where=sa.text('remind_at IS NOT NULL'), postgresql_where=sa.text('remind_at IS NOT NULL'))

    op.drop_table('members')
    with op.batch_alter_table('wishes', schema=None) as batch_op:
        batch_op.drop_index('ix_wishes_wisher_id')
        batch_op.drop_index('ix_wishes_tell_at', sqlite_where=sa.text('tell_at IS NOT NULL'), postgresql_where=sa.text('tell_at IS NOT NULL'))
        batch_op.drop_index('ix_wishes_open', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index('ix_wishes_node_id_asked_at')
        batch_op.drop_index('ix_wishes_next_at', sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.drop_index('ix_wishes_claimed_by', sqlite_where=sa.text('claimed_by IS NOT NULL'), postgresql_where=sa.text('claimed_by IS NOT NULL'))

    op.drop_table('wishes')
    op.drop_table('units')
    with op.batch_alter_table('volunteer_skills', schema=None) as batch_op:
        batch_op.drop_index('ix_volunteer_skills_person_id')

    op.drop_table('volunteer_skills')
    op.drop_table('blocked_pairs')
    op.drop_table('services')
