"""Reads and corrections have their reader and who entered them in one row, and these are two people."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# another uploader than the reader was always asked for; where the upload is not known any more, nobody is named in its place
UPLOADERS = (
    "UPDATE read SET uploader = COALESCE((SELECT min(upload.uploader) FROM upload WHERE upload.upload_id = read.upload_id"
    " AND upload.uploader <> read.reader), 'system:migration') WHERE reader IS NOT NULL"
)


def upgrade() -> None:
    op.add_column("read", sa.Column("uploader", columns.No, nullable=True))
    op.execute(UPLOADERS)
    with op.batch_alter_table("read") as read:
        read.create_check_constraint(
            "read_reader_is_not_uploader", "reader IS NULL OR (uploader IS NOT NULL AND uploader <> reader)"
        )
    op.add_column("read_correction", sa.Column("reader", columns.No, nullable=True))
    with op.batch_alter_table("read_correction") as correction:
        correction.create_check_constraint("read_correction_reader_is_not_actor", "reader IS NULL OR reader <> actor")


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
