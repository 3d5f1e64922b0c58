"""The market, its volunteers and quizzes."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('questions', schema=None) as batch_op:
        batch_op.create_index('ix_questions_helpers', ['person_id', 'asked_at'], unique=False, sqlite_where=sa.text("kind = 'market.short'"), postgresql_where=sa.text("kind = 'market.short'"))

    op.create_table('quiz_bank',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('topic', sa.String(length=60), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('answer', sa.Integer(), nullable=False),
    sa.Column('used_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('ended_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.CheckConstraint('answer >= 1', name=op.f('ck_quiz_bank_answer')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_quiz_bank_node_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quiz_bank')),
    sa.UniqueConstraint('node_id', 'words', name=op.f('uq_quiz_bank_node_id_words'))
    )
    op.create_table('certificates',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=20), nullable=True),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('lines', sa.JSON(), nullable=False),
    sa.Column('state', sa.Enum('asked', 'issued', 'refused', name='certificatestate', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('asked_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('decided_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(length=160), nullable=True),
    sa.ForeignKeyConstraint(['decided_by'], ['people.id'], name=op.f('fk_certificates_decided_by')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_certificates_node_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_certificates_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificates')),
    sa.UniqueConstraint('number', name=op.f('uq_certificates_number'))
    )
    with op.batch_alter_table('certificates', schema=None) as batch_op:
        batch_op.create_index('ix_certificates_open', ['node_id'], unique=False, sqlite_where=sa.text('decided_at IS NULL'), postgresql_where=sa.text('decided_at IS NULL'))
        batch_op.create_index('ix_certificates_person_id', ['person_id'], unique=False)

    op.create_table('event_series',
    sa.Column('id', sa.String(length=80), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('words', sa.String(length=200), nullable=False),
    sa.Column('on_holiday', sa.String(length=10), nullable=False),
    sa.Column('stalls', sa.JSON(), nullable=False),
    sa.Column('bring', sa.String(length=120), nullable=False),
    sa.Column('leader_id', sa.String(length=160), nullable=True),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('from_file', sa.Boolean(), nullable=False),
    sa.Column('planned_to', sa.Date(), nullable=True),
    sa.Column('ended_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['leader_id'], ['people.id'], name=op.f('fk_event_series_leader_id')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_event_series_node_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_series'))
    )
    op.create_table('teams',
    sa.Column('id', sa.String(length=80), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('leader_id', sa.String(length=160), nullable=True),
    sa.Column('channel', sa.String(length=40), nullable=True),
    sa.Column('group_external_id', sa.String(length=160), nullable=True),
    sa.Column('from_file', sa.Boolean(), nullable=False),
    sa.Column('ended_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['leader_id'], ['people.id'], name=op.f('fk_teams_leader_id')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_teams_node_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_teams'))
    )
    op.create_table('volunteers',
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('skills', sa.JSON(), nullable=False),
    sa.Column('free', sa.JSON(), nullable=False),
    sa.Column('since', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('invited_by', sa.String(length=160), nullable=True),
    sa.Column('confirmed_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('confirmed_by', sa.String(length=160), nullable=True),
    sa.Column('honour', sa.Boolean(), nullable=False),
    sa.Column('honour_asked_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('left_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['confirmed_by'], ['people.id'], name=op.f('fk_volunteers_confirmed_by')),
    sa.ForeignKeyConstraint(['invited_by'], ['people.id'], name=op.f('fk_volunteers_invited_by')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_volunteers_node_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_volunteers_person_id')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_volunteers'))
    )
    with op.batch_alter_table('volunteers', schema=None) as batch_op:
        batch_op.create_index('ix_volunteers_node_id', ['node_id'], unique=False, sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))

    op.create_table('events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('series_id', sa.String(length=80), nullable=True),
    sa.Column('planned_on', sa.Date(), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('begins_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('ends_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('bring', sa.String(length=120), nullable=False),
    sa.Column('leader_id', sa.String(length=160), nullable=True),
    sa.Column('state', sa.Enum('draft', 'open', 'postponed', 'cancelled', 'over', name='eventstate', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('code', sa.String(length=4), nullable=False),
    sa.Column('opened_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('changed_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('next_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('stage', sa.String(length=24), nullable=False),
    sa.CheckConstraint('ends_at > begins_at', name=op.f('ck_events_hours')),
    sa.ForeignKeyConstraint(['leader_id'], ['people.id'], name=op.f('fk_events_leader_id')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_events_node_id')),
    sa.ForeignKeyConstraint(['series_id'], ['event_series.id'], name=op.f('fk_events_series_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_events')),
    sa.UniqueConstraint('series_id', 'planned_on', name=op.f('uq_events_series_id_planned_on')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.create_index('ix_events_leader_id_begins_at', ['leader_id', 'begins_at'], unique=False)
        batch_op.create_index('ix_events_next_at', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.create_index('ix_events_node_id_begins_at', ['node_id', 'begins_at'], unique=False)

    op.create_table('standing_helpers',
    sa.Column('series_id', sa.String(length=80), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('stall', sa.String(length=60), nullable=False),
    sa.Column('since', storage.tables.Moment(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_standing_helpers_person_id')),
    sa.ForeignKeyConstraint(['series_id'], ['event_series.id'], name=op.f('fk_standing_helpers_series_id')),
    sa.PrimaryKeyConstraint('series_id', 'person_id', name=op.f('pk_standing_helpers'))
    )
    op.create_table('team_members',
    sa.Column('team_id', sa.String(length=80), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('joined_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('from_file', sa.Boolean(), nullable=False),
    sa.Column('left_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_team_members_person_id')),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_team_members_team_id')),
    sa.PrimaryKeyConstraint('team_id', 'person_id', name=op.f('pk_team_members'))
    )
    with op.batch_alter_table('team_members', schema=None) as batch_op:
        batch_op.create_index('ix_team_members_person_id', ['person_id'], unique=False, sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))

    op.create_table('chains',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('channel', sa.String(length=40), nullable=False),
    sa.Column('group_external_id', sa.String(length=160), nullable=False),
    sa.Column('topic', sa.String(length=200), nullable=False),
    sa.Column('entries', sa.JSON(), nullable=False),
    sa.Column('read_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('told_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['events.id'], name=op.f('fk_chains_event_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chains')),
    sa.UniqueConstraint('event_id', 'channel', 'group_external_id', 'topic', name=op.f('uq_chains_event_id_channel_group_external_id_topic'))
    )
    op.create_table('event_groups',
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('channel', sa.String(length=40), nullable=False),
    sa.Column('group_external_id', sa.String(length=160), nullable=False),
    sa.Column('said_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('next_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['event_id'], ['events.id'], name=op.f('fk_event_groups_event_id')),
    sa.PrimaryKeyConstraint('event_id', 'channel', 'group_external_id', name=op.f('pk_event_groups'))
    )
    with op.batch_alter_table('event_groups', schema=None) as batch_op:
        batch_op.create_index('ix_event_groups_next_at', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.create_index('ix_event_groups_said_at', ['channel', 'group_external_id', 'said_at'], unique=False)

    op.create_table('quizzes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('topic', sa.String(length=60), nullable=False),
    sa.Column('channel', sa.String(length=40), nullable=False),
    sa.Column('group_external_id', sa.String(length=160), nullable=False),
    sa.Column('started_by', sa.String(length=160), nullable=True),
    sa.Column('prize', sa.String(length=60), nullable=False),
    sa.Column('winners', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('planned', 'running', 'over', 'cancelled', name='quizstate', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('starts_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('ended_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('next_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('stage', sa.String(length=24), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.id'], name=op.f('fk_quizzes_event_id')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_quizzes_node_id')),
    sa.ForeignKeyConstraint(['started_by'], ['people.id'], name=op.f('fk_quizzes_started_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quizzes'))
    )
    with op.batch_alter_table('quizzes', schema=None) as batch_op:
        batch_op.create_index('ix_quizzes_ended_at', ['ended_at'], unique=False, sqlite_where=sa.text('ended_at IS NOT NULL'), postgresql_where=sa.text('ended_at IS NOT NULL'))
        batch_op.create_index('ix_quizzes_node_id_starts_at', ['node_id', 'starts_at'], unique=False)
        batch_op.create_index('ix_quizzes_next_at', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.create_index('uq_quizzes_running', ['channel', 'group_external_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.create_table('stalls',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('helpers', sa.Integer(), nullable=False),
    sa.Column('visitors', sa.Integer(), nullable=False),
    sa.Column('item', sa.Boolean(), nullable=False),
    sa.Column('skill', sa.String(length=60), nullable=False),
    sa.CheckConstraint('helpers >= 0', name=op.f('ck_stalls_helpers')),
    sa.CheckConstraint('visitors >= 0', name=op.f('ck_stalls_visitors')),
    sa.ForeignKeyConstraint(['event_id'], ['events.id'], name=op.f('fk_stalls_event_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stalls')),
    sa.UniqueConstraint('event_id', 'name', name=op.f('uq_stalls_event_id_name'))
    )
    op.create_table('quiz_questions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quiz_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('answer', sa.Integer(), nullable=False),
    sa.Column('asked_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('closed_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['quiz_id'], ['quizzes.id'], name=op.f('fk_quiz_questions_quiz_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quiz_questions')),
    sa.UniqueConstraint('quiz_id', 'position', name=op.f('uq_quiz_questions_quiz_id_position'))
    )
    op.create_table('sign_ups',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stall_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('part', sa.Enum('helper', 'visitor', name='signuppart', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('companion', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=True),
    sa.Column('state', sa.Enum('waiting', 'offered', 'held', 'came', 'missed', 'left', 'lapsed', 'cancelled', name='signupstate', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('item', sa.String(length=60), nullable=False),
    sa.Column('chain_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('group_external_id', sa.String(length=160), nullable=True),
    sa.Column('signed_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('offered_until', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('released_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('coming', sa.Boolean(), nullable=True),
    sa.Column('came_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('left_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('changed_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('next_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('stage', sa.String(length=24), nullable=False),
    sa.CheckConstraint("person_id IS NOT NULL OR name <> ''", name=op.f('ck_sign_ups_somebody')),
    sa.CheckConstraint('left_at IS NULL OR left_at >= came_at', name=op.f('ck_sign_ups_out_after_in')),
    sa.ForeignKeyConstraint(['chain_id'], ['chains.id'], name=op.f('fk_sign_ups_chain_id')),
    sa.ForeignKeyConstraint(['event_id'], ['events.id'], name=op.f('fk_sign_ups_event_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_sign_ups_person_id')),
    sa.ForeignKeyConstraint(['stall_id'], ['stalls.id'], name=op.f('fk_sign_ups_stall_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_ups')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('sign_ups', schema=None) as batch_op:
        batch_op.create_index('ix_sign_ups_chain_id', ['chain_id'], unique=False, sqlite_where=sa.text('chain_id IS NOT NULL'), postgresql_where=sa.text('chain_id IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_sign_ups_event_id'), ['event_id'], unique=False)
        batch_op.create_index('ix_sign_ups_next_at', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.create_index('ix_sign_ups_person_id_changed_at', ['person_id', 'changed_at'], unique=False)
        batch_op.create_index('uq_sign_ups_person', ['stall_id', 'part', 'person_id', 'companion'], unique=True, sqlite_where=sa.text('released_at IS NULL'), postgresql_where=sa.text('released_at IS NULL'))
        batch_op.create_index('uq_sign_ups_place', ['stall_id', 'part', 'place'], unique=True, sqlite_where=sa.text('released_at IS NULL'), postgresql_where=sa.text('released_at IS NULL'))

    op.create_table('hours',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('node_id', sa.String(length=80), nullable=False),
    sa.Column('on_day', sa.Date(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('what', sa.String(length=120), nullable=False),
    sa.Column('team_id', sa.String(length=80), nullable=True),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sign_up_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('given_by', sa.String(length=160), nullable=True),
    sa.Column('at', storage.tables.Moment(timezone=True), nullable=False),
    sa.CheckConstraint("given_by IS NULL OR reason <> ''", name=op.f('ck_hours_corrected_with_a_reason')),
    sa.CheckConstraint('given_by IS NULL OR given_by <> person_id', name=op.f('ck_hours_not_by_oneself')),
    sa.ForeignKeyConstraint(['event_id'], ['events.id'], name=op.f('fk_hours_event_id')),
    sa.ForeignKeyConstraint(['given_by'], ['people.id'], name=op.f('fk_hours_given_by')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_hours_node_id')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_hours_person_id')),
    sa.ForeignKeyConstraint(['sign_up_id'], ['sign_ups.id'], name=op.f('fk_hours_sign_up_id')),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_hours_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hours'))
    )
    with op.batch_alter_table('hours', schema=None) as batch_op:
        batch_op.create_index('ix_hours_event_id', ['event_id'], unique=False, sqlite_where=sa.text('event_id IS NOT NULL'), postgresql_where=sa.text('event_id IS NOT NULL'))
        batch_op.create_index('ix_hours_node_id_on_day', ['node_id', 'on_day'], unique=False)
        batch_op.create_index('ix_hours_person_id_on_day', ['person_id', 'on_day'], unique=False)
        batch_op.create_index('uq_hours_sign_up', ['sign_up_id'], unique=True, sqlite_where=sa.text('given_by IS NULL'), postgresql_where=sa.text('given_by IS NULL'))

    op.create_table('quiz_answers',
    sa.Column('question_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('choice', sa.Integer(), nullable=False),
    sa.Column('at', storage.tables.Moment(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_quiz_answers_person_id')),
    sa.ForeignKeyConstraint(['question_id'], ['quiz_questions.id'], name=op.f('fk_quiz_answers_question_id')),
    sa.PrimaryKeyConstraint('question_id', 'person_id', name=op.f('pk_quiz_answers'))
    )
    op.create_table('quiz_prizes',
    sa.Column('quiz_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('question_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('prize', sa.String(length=60), nullable=False),
    sa.Column('won_at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('fetched_at', storage.tables.Moment(timezone=True), nullable=True),
    sa.Column('given_by', sa.String(length=160), nullable=True),
    sa.ForeignKeyConstraint(['given_by'], ['people.id'], name=op.f('fk_quiz_prizes_given_by')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_quiz_prizes_person_id')),
    sa.ForeignKeyConstraint(['question_id'], ['quiz_questions.id'], name=op.f('fk_quiz_prizes_question_id')),
    sa.ForeignKeyConstraint(['quiz_id'], ['quizzes.id'], name=op.f('fk_quiz_prizes_quiz_id')),
    sa.PrimaryKeyConstraint('quiz_id', 'person_id', name=op.f('pk_quiz_prizes'))
    )
    with op.batch_alter_table('quiz_prizes', schema=None) as batch_op:
        batch_op.create_index('ix_quiz_prizes_open', ['quiz_id'], unique=False, sqlite_where=sa.text('fetched_at IS NULL'), postgresql_where=sa.text('fetched_at IS NULL'))
        batch_op.create_index('ix_quiz_prizes_person_id', ['person_id'], unique=False)

    op.create_table('quiz_reminders',
    sa.Column('quiz_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('at', storage.tables.Moment(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_quiz_reminders_person_id')),
    sa.ForeignKeyConstraint(['quiz_id'], ['quizzes.id'], name=op.f('fk_quiz_reminders_quiz_id')),
    sa.PrimaryKeyConstraint('quiz_id', 'person_id', name=op.f('pk_quiz_reminders'))
    )
    op.create_table('check_in_tries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.String(length=160), nullable=False),
    sa.Column('at', storage.tables.Moment(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_check_in_tries_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_in_tries'))
    )
    with op.batch_alter_table('check_in_tries', schema=None) as batch_op:
        batch_op.create_index('ix_check_in_tries_person_id_at', ['person_id', 'at'], unique=False)

    op.create_table('sign_up_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sign_up_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', storage.tables.Moment(timezone=True), nullable=False),
    sa.Column('actor_id', sa.String(length=160), nullable=True),
    sa.Column('step', sa.String(length=24), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['sign_up_id'], ['sign_ups.id'], name=op.f('fk_sign_up_events_sign_up_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_up_events'))
    )
    with op.batch_alter_table('sign_up_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_up_events_sign_up_id'), ['sign_up_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('questions', schema=None) as batch_op:
        batch_op.drop_index('ix_questions_helpers', sqlite_where=sa.text("kind = 'market.short'"), postgresql_where=sa.text("kind = 'market.short'"))

    with op.batch_alter_table('check_in_tries', schema=None) as batch_op:
        batch_op.drop_index('ix_check_in_tries_person_id_at')

    op.drop_table('check_in_tries')
    with op.batch_alter_table('sign_up_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_up_events_sign_up_id'))

    op.drop_table('sign_up_events')
    op.drop_table('quiz_reminders')
    with op.batch_alter_table('quiz_prizes', schema=None) as batch_op:
        batch_op.drop_index('ix_quiz_prizes_person_id')
        batch_op.drop_index('ix_quiz_prizes_open', sqlite_where=sa.text('fetched_at IS NULL'), postgresql_where=sa.text('fetched_at IS NULL'))

    op.drop_table('quiz_prizes')
    op.drop_table('quiz_answers')
    with op.batch_alter_table('hours', schema=None) as batch_op:
        batch_op.drop_index('uq_hours_sign_up', sqlite_where=sa.text('given_by IS NULL'), postgresql_where=sa.text('given_by IS NULL'))
        batch_op.drop_index('ix_hours_person_id_on_day')
        batch_op.drop_index('ix_hours_node_id_on_day')
        batch_op.drop_index('ix_hours_event_id', sqlite_where=sa.text('event_id IS NOT NULL'), postgresql_where=sa.text('event_id IS NOT NULL'))

    op.drop_table('hours')
    with op.batch_alter_table('sign_ups', schema=None) as batch_op:
        batch_op.drop_index('uq_sign_ups_place', sqlite_where=sa.text('released_at IS NULL'), postgresql_where=sa.text('released_at IS NULL'))
        batch_op.drop_index('uq_sign_ups_person', sqlite_where=sa.text('released_at IS NULL'), postgresql_where=sa.text('released_at IS NULL'))
        batch_op.drop_index('ix_sign_ups_person_id_changed_at')
        batch_op.drop_index('ix_sign_ups_next_at', sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_sign_ups_event_id'))
        batch_op.drop_index('ix_sign_ups_chain_id', sqlite_where=sa.text('chain_id IS NOT NULL'), postgresql_where=sa.text('chain_id IS NOT NULL'))

    op.drop_table('sign_ups')
    op.drop_table('quiz_questions')
    op.drop_table('stalls')
    with op.batch_alter_table('quizzes', schema=None) as batch_op:
        batch_op.drop_index('uq_quizzes_running', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index('ix_quizzes_next_at', sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.drop_index('ix_quizzes_node_id_starts_at')
        batch_op.drop_index('ix_quizzes_ended_at', sqlite_where=sa.text('ended_at IS NOT NULL'), postgresql_where=sa.text('ended_at IS NOT NULL'))

    op.drop_table('quizzes')
    with op.batch_alter_table('event_groups', schema=None) as batch_op:
        batch_op.drop_index('ix_event_groups_said_at')
        batch_op.drop_index('ix_event_groups_next_at', sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))

    op.drop_table('event_groups')
    op.drop_table('chains')
    with op.batch_alter_table('team_members', schema=None) as batch_op:
        batch_op.drop_index('ix_team_members_person_id', sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))

    op.drop_table('team_members')
    op.drop_table('standing_helpers')
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.drop_index('ix_events_node_id_begins_at')
        batch_op.drop_index('ix_events_next_at', sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.drop_index('ix_events_leader_id_begins_at')

    op.drop_table('events')
    with op.batch_alter_table('volunteers', schema=None) as batch_op:
        batch_op.drop_index('ix_volunteers_node_id', sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))

    op.drop_table('volunteers')
    op.drop_table('teams')
    op.drop_table('event_series')
    with op.batch_alter_table('certificates', schema=None) as batch_op:
        batch_op.drop_index('ix_certificates_person_id')
        batch_op.drop_index('ix_certificates_open', sqlite_where=sa.text('decided_at IS NULL'), postgresql_where=sa.text('decided_at IS NULL'))

    op.drop_table('certificates')
    op.drop_table('quiz_bank')
