"""One card, many accounts: points, stored value, count cards and coupons, all kept as lots.

Each kind of account is one file: its policy (what a merchant declares, part of the bundle) and
its pure functions (what a movement may be, as moves of lots and postings).
"""
