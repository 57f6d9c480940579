"""Parties with contact points, roles and verifications, in place of contacts.

A contact becomes a party of its number with one contact point and one role, for which the utility vouches as it did. Its address
is not sealed yet: the service seals it as it starts.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

AT_POINT = sa.text("service_point_no <> ''")


def upgrade() -> None:
    _create()
    _carry_over()
    op.drop_table("contact")
    for table in ("notice", "link"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN contact_no TO party_no")
        op.add_column(table, sa.Column("point_no", sa.String(length=64), nullable=False, server_default="1"))


def _create() -> None:
    op.create_table(
        "party",
        sa.Column("party_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("name_sealed", sa.Text(), nullable=False),
        sa.Column("name_index", sa.String(length=64), nullable=False),
        sa.Column("vulnerable_for", sa.String(length=16), nullable=False),
        sa.Column("vulnerable_source", sa.Text(), nullable=False),
        sa.Column("vulnerable_since", sa.Date(), nullable=True),
        sa.Column("wishes", sa.Text(), nullable=False),
        sa.Column("erased_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("party_no"),
    )
    op.create_index(op.f("ix_party_name_index"), "party", ["name_index"], unique=False)
    op.create_table(
        "contact_point",
        sa.Column("party_no", sa.String(length=64), nullable=False),
        sa.Column("point_no", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("address_sealed", sa.Text(), nullable=False),
        sa.Column("address_index", sa.String(length=64), nullable=False),
        sa.Column("address_since", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("party_no", "point_no"),
    )
    op.create_index(op.f("ix_contact_point_address_index"), "contact_point", ["address_index"], unique=False)
    op.create_table(
        "party_role",
        sa.Column("party_no", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("party_no", "role", "account_no", "service_point_no", "valid_from"),
    )
    op.create_index(op.f("ix_party_role_account_no"), "party_role", ["account_no"], unique=False)
    op.create_index(
        "party_role_service_point",
        "party_role",
        ["service_point_no"],
        unique=False,
        postgresql_where=AT_POINT,
        sqlite_where=AT_POINT,
    )
    op.create_table(
        "verification",
        sa.Column("party_no", sa.String(length=64), nullable=False),
        sa.Column("point_no", sa.String(length=64), nullable=False),
        sa.Column("address_since", sa.Integer(), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("verified_by", sa.String(length=64), nullable=False),
        sa.Column("at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint(
            "party_no", "point_no", "address_since", "account_no", "service_point_no", "how", "day"
        ),
    )


def _carry_over() -> None:
    op.execute(
        """
        INSERT INTO party (party_no, org_unit, kind, language, name_sealed, name_index, vulnerable_for, vulnerable_source,
                           vulnerable_since, wishes, erased_on, version)
        SELECT contact_no, org_unit, 'person', language, 'plain.', '', '', '', NULL, '[]', NULL, version FROM contact
        """
    )
    op.execute(
        """
        INSERT INTO contact_point (party_no, point_no, kind, address_sealed, address_index, address_since, valid_from, valid_to)
        SELECT contact_no, '1', CASE channel WHEN 'sms' THEN 'mobile' WHEN 'letter' THEN 'postal' ELSE channel END,
               'plain.' || address, '', address_since, valid_from, valid_to
        FROM contact
        """
    )
    op.execute(
        """
        INSERT INTO party_role (party_no, role, account_no, service_point_no, valid_from, valid_to)
        SELECT contact_no, role, account_no, '', valid_from, valid_to FROM contact
        """
    )
    verified = sa.table("verification", sa.column("at", columns.Instant))
    op.execute(
        """
        INSERT INTO verification (party_no, point_no, address_since, account_no, service_point_no, how, day, verified_by, at)
        SELECT contact_no, '1', address_since, account_no, '', 'declared', valid_from, '-', '1970-01-01T00:00:00.000000+00:00'
        FROM contact
        """
    )
    op.execute(verified.update().values(at=datetime.now(UTC)))


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
