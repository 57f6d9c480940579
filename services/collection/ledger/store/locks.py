"""Numbers of advisory locks, which are taken before any row lock and in this order."""

ARRIVAL = 7_301_000  # who stores a document that waits holds it shared, who brings accounts alone: none is left waiting
CLOSING = 7_301_001  # who posts holds it shared, who closes a month alone
