"""The second implementation of rating: numpy integers over columns of bills that differ in nothing but their numbers.

A *form* is a request without its numbers: tariff, dates, facts, names of quantities. All that a rule decides by date, name or
class is decided once for a form; what is left is arithmetic on integer columns, one row a bill. It shares the loaded documents
and the types with `services.billing.rating.reference`, and no code.

    bills = rate.rate(requests, book)             # requests in, bills out; rows that int64 cannot hold are answered with None
    plan = forms.plan(prototype, book)            # or: columns in …
    rated = engine.rate_columns(plan, columns)    # … line columns and state columns out
"""
