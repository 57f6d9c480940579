"""The routes of billing."""

from services.billing.entrypoints import api_accounts, api_advice, api_bills, api_corrections, api_runs, api_tariffs

ROUTERS = (
    api_accounts.router,
    api_tariffs.router,
    api_bills.router,
    api_corrections.router,
    api_runs.router,
    api_advice.router,
)
