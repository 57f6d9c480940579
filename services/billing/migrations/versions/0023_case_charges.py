"""What cases come to by the rules, and what they charge."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case_evidence") as table:
        table.add_column(sa.Column("code", columns.No, nullable=True))
        table.alter_column("reference", existing_type=columns.No, type_=sa.String(length=96), existing_nullable=False)
    op.create_table(
        "case_calculation",
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("calculation", columns.No, nullable=False),
        sa.Column("breach_on", sa.Date(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("policy", columns.No, nullable=False),
        sa.Column("policy_version", columns.No, nullable=False),
        sa.Column("policy_hash", columns.No, nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("back_billing_fen", columns.BigInt, nullable=False),
        sa.Column("penalty_fen", columns.BigInt, nullable=False),
        sa.Column("adjustment_fen", columns.BigInt, nullable=False),
        sa.Column("energy_wh", columns.BigInt, nullable=False),
        sa.Column("calculated_by", columns.No, nullable=False),
        sa.Column("calculated_on", sa.Date(), nullable=False),
        sa.Column("calculated_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("case_no", "number"),
    )
    op.create_table(
        "case_charge",
        sa.Column("charge_no", columns.No, nullable=False),
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("calculation_number", sa.Integer(), nullable=False),
        sa.Column("component", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("cycle", columns.No, nullable=False),
        sa.Column("amount_fen", columns.BigInt, nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("rule", columns.No, nullable=False),
        sa.Column("policy", columns.No, nullable=False),
        sa.Column("policy_hash", columns.No, nullable=False),
        sa.Column("proposed_by", columns.No, nullable=False),
        sa.Column("first_by", columns.No, nullable=True),
        sa.Column("second_by", columns.No, nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("withdrawal_asked_by", columns.No, nullable=True),
        sa.Column("withdrawn_by", columns.No, nullable=True),
        sa.Column("cause", columns.No, nullable=True),
        sa.Column("explanation", sa.Text(), server_default="", nullable=False),
        sa.Column("hold_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("held_until", sa.Date(), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name="case_charge_amount"),
        sa.CheckConstraint("first_by IS NULL OR first_by <> proposed_by", name="case_charge_by_two"),
        sa.CheckConstraint(
            "second_by IS NULL OR (second_by <> proposed_by AND second_by <> first_by)", name="case_charge_by_three"
        ),
        sa.CheckConstraint(
            "withdrawn_by IS NULL OR withdrawn_by <> withdrawal_asked_by", name="case_charge_withdrawn_by"
        ),
        sa.PrimaryKeyConstraint("charge_no"),
        sa.UniqueConstraint("case_no", "calculation_number", "component", name="case_charge_component"),
    )
    op.create_index("case_charge_account", "case_charge", ["account_no"], unique=False)
    op.create_index("case_charge_cycle", "case_charge", ["cycle"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
