"""The scopes of the routes that every service has: each is given by itself."""

JOBS_READ, JOBS_RUN = "jobs:read", "jobs:run"
DEAD_LETTERS_READ, DEAD_LETTERS_RUN = "dead_letters:read", "dead_letters:run"
AUDIT_READ = "audit:read"
TOTALS_READ = "totals:read"
TRACE_READ = "trace:read"
RESTORE_RUN = "restore:run"
APPROVALS_READ, APPROVALS_DECIDE = "approvals:read", "approvals:decide"

OPERATING = (
    *(JOBS_READ, JOBS_RUN, DEAD_LETTERS_READ, DEAD_LETTERS_RUN, AUDIT_READ, TOTALS_READ, TRACE_READ, RESTORE_RUN),
    *(APPROVALS_READ, APPROVALS_DECIDE),
)
