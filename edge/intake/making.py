"""A shop's namespaces and the check of its members' codes, made of its configuration."""

from collections.abc import Callable

from edge.clock import Reading
from edge.config import Config, read_phone_key
from edge.directory import Directory
from edge.intake.credentials import CodeChecker
from edge.intake.currencies import number_of
from edge.intake.intake import Intake
from edge.intake.numbers import WeighedPattern
from edge.replays import Replays
from edge.writer import Writer

CODES_FILE = "used-codes"
"""Which member codes were used, in the state folder."""


def make_intake(config: Config) -> Intake:
    """Return the namespaces of a shop. Raises ConfigError when its phone key cannot be read."""
    store = config.store
    return Intake(
        store.card_prefixes,
        store.coupon_prefixes,
        read_phone_key(config.secrets.phone_key_file),
        tuple(WeighedPattern(w.pattern, w.value, w.decimals, w.product) for w in store.weighed),
        store.stripe_prefixes,
        number_of(store.currency),
    )


def make_codes(
    config: Config, clock: Callable[[], Reading], directory: Directory, writer: Writer
) -> tuple[Replays, CodeChecker]:
    """Return the memory of used codes, to be closed in the end, and what checks codes by it."""

    def member_key(member_id: str) -> bytes | None:
        held = directory.member(member_id)
        return None if held is None else held.code_key

    replays = Replays(config.store.state_dir / CODES_FILE, writer)
    return replays, CodeChecker(replays, clock, config.cloud.member_code_keys, member_key)
