"""A second pricer: slow, obvious, and written from the specification alone.

It shares no code with the product. It reads a bundle as its JSON says it (dicts and lists), a
basket as plain data, and answers with plain data; money is whole minor units, and every share is
an exact fraction until the one place where it is rounded. Wherever it and the engine disagree
about a bill, one of them has read the specification wrongly.

    document   what a bundle's JSON holds
    basket     {"member": None or {...}, "lines": [{"product": {...}, "quantity": "0.435",
               "unit_price": 665, "rounding": "half_up"}, ...]}
    context    date, minute, weekday, terminal_kind, region, channel, online, coupons shown,
               points to redeem, counters, and the catalogue that gifts come from

    goods      the basket, its units and what they cost       arithmetic  rounding and sharing
    conditions when a rule holds                              targets     which goods it is about
    benefits, kinds, sets, ladders: what each kind of rule takes off
    limits     floors, caps and budgets                       turns       who comes first
    way        how far a price has come, and one rule's turn  groups      who may act beside whom
    bill       charges, points, tax: all that is printed      earning     points earned

Calendars are not its business: lunar birthdays are left out.
"""

from tests.pricer.bill import price

__all__ = ["price"]
