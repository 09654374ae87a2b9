"""The oracle: what a store may do, written down once more by somebody who does not know how.

Three books are compared after every seeded day: what the guests and terminals were told, the
store's journal, and the cloud's own table. Everything here works on plain data, dicts and
integers, and imports nothing of the product; prices come from the second pricer, `tests.pricer`.

    recorder   what every actor asked, when, and what it was told
    programme  what headquarters published: products, members, cards, each version of the rules
    pages      the journal's file as it lies on the disk, and its seal once more
    model      what a day must come to: prices, points, business days, receipt numbers, balances
    checking   the comparisons, each with its name
    planted    mistakes made on purpose in the product, each of which must be found
"""
