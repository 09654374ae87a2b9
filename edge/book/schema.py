"""The book's tables: all that the pages add up to, in the journal's own file.

Every row can be made again from the pages; nothing here is the only copy of anything.
"""

LAYOUT = 4
"""Changes with the tables below: a book of another layout is made again from the pages."""

TABLES = ("entry", "lot", "counter", "trail", "milestone", "standing")

MILESTONE_PAGES = 100

LOT_FIELDS = """(
  id          text    not null primary key,
  member      text    not null,
  unit        text    not null,
  opened      text    not null,
  active_from text    not null,
  expires     text    not null,
  issuer      text    not null,
  terms       text    not null,
  origin      text    not null,
  home        text    not null,
  kind        text    not null,
  amount      integer not null,
  money       integer not null,
  lapsed      integer not null,
  sequence    integer not null
) strict, without rowid"""
COUNTER_FIELDS = """(
  per      text    not null,
  subject  text    not null,
  rule     text    not null,
  uses     integer not null,
  units    integer not null,
  amount   integer not null,
  day      text    not null,
  sequence integer not null,
  primary key (per, subject, rule)
) strict, without rowid"""

SCHEMA = f"""
create table if not exists entry (
  account  text    not null,
  unit     text    not null,
  sequence integer not null,
  amount   integer not null,
  total    integer not null,
  primary key (account, unit, sequence)
) strict, without rowid;
create index if not exists entry_page on entry(sequence, amount, total);
create table if not exists lot {LOT_FIELDS};
create index if not exists lot_open on lot(member) where amount <> 0 or money <> 0;
create table if not exists counter {COUNTER_FIELDS};
create index if not exists counter_day on counter(day) where day <> '';
create table if not exists trail (
  topic    text    not null,
  subject  text    not null,
  sequence integer not null,
  kind     text    not null,
  primary key (topic, subject, sequence)
) strict, without rowid;
create index if not exists trail_page on trail(sequence, kind);
create table if not exists milestone (
  sequence  integer primary key,
  sold      integer not null,
  recovered integer not null
) strict;
create table if not exists standing (
  name  text primary key,
  value text not null
) strict, without rowid;
"""
"""entry: what each page posts on an account in one unit, and the total then. lot: what is in each
lot, and the page that last moved it; closed ones are in no index, and kept because a return may
open them again. counter: how much of each rule was used; those of a day go when a later one opens.
trail: which pages are about a member, a deed, a receipt and so on. milestone: what had been sold,
and come back, after each `MILESTONE_PAGES` pages. standing: single values."""

LOT_COLUMNS = (
    "id, member, unit, opened, active_from, expires, issuer, terms, origin, home, kind,"
    " amount, money, lapsed, sequence"
)
