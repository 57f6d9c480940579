"""An installation has registers, multiplier and versions of its own; a service point may say what its connection can carry."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

METER = sa.table(
    "meter",
    sa.column("meter_no", sa.String),
    sa.column("registers", sa.Text),
    sa.column("numerator", sa.Integer),
    sa.column("denominator", sa.Integer),
)
COPIED = ("service_point_no", "removed_on", "opening", "closing", "registers", "numerator", "denominator")


def upgrade() -> None:
    op.add_column("service_point", sa.Column("connection_kw", sa.Integer(), nullable=True))
    with op.batch_alter_table("installation") as batch:
        batch.add_column(sa.Column("registers", sa.Text(), nullable=True))
        batch.add_column(sa.Column("numerator", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("denominator", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("version", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("annulled", sa.SmallInteger(), nullable=True))
    op.create_table(
        "installation_version",
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("installed_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=True),
        sa.Column("registers", sa.Text(), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("meter_no", "installed_on", "version"),
    )
    _copy_from_meters()
    with op.batch_alter_table("installation") as batch:
        for name, kind in (
            ("registers", sa.Text()),
            ("numerator", sa.Integer()),
            ("denominator", sa.Integer()),
            ("version", sa.Integer()),
            ("annulled", sa.SmallInteger()),
        ):
            batch.alter_column(name, existing_type=kind, nullable=False)


def _copy_from_meters() -> None:
    """Give each installation what its meter has had since it was installed, as its first version."""
    installation = sa.table(
        "installation",
        *(sa.column(name) for name in ("meter_no", "installed_on", "version", "annulled", *COPIED)),
    )
    mine = METER.c.meter_no == installation.c.meter_no
    op.execute(
        sa.update(installation).values(
            version=1,
            annulled=0,
            **{
                name: sa.select(METER.c[name]).where(mine).scalar_subquery()
                for name in ("registers", "numerator", "denominator")
            },
        )
    )
    names = ("meter_no", "installed_on", "version", *COPIED)
    said = {"kind": "installed", "reason": "", "actor": "system:migration"}
    version = sa.table(
        "installation_version",
        *(sa.column(name) for name in (*names, *said)),
        sa.column("created_at", columns.Instant),
    )
    op.execute(
        sa.insert(version).from_select(
            [*names, *said, "created_at"],
            sa.select(
                *(installation.c[name] for name in names),
                *(sa.literal(value) for value in said.values()),
                sa.literal(datetime.now(UTC), columns.Instant),
            ),
        )
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
