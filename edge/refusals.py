"""The catalogue of everything the box says no to, and how a no becomes a problem (RFC 9457).

The texts live beside this file in `refusals.toml`, so that they can be read and translated
without reading code. A refusal is a value: it is returned, never raised.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Literal, NamedTuple

import msgspec

from drivers import terminal

Language = Literal["zh", "en"]


class Text(NamedTuple):
    """What people read. Each part is a format template over the entry's params."""

    title: str
    detail: str
    fix: str


class Cause(NamedTuple):
    """Why, in a few words: a format template in each language."""

    zh: str
    en: str


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is true of every refusal with one code; `refusals.toml` explains the fields."""

    status: int
    retry: Literal["never", "same", "later"]
    binds: Literal["nothing", "key"]
    params: tuple[str, ...]
    zh: Text
    en: Text
    causes: Mapping[str, Cause] = {}

    def text(self, language: Language) -> Text:
        """Return the templates in `language`."""
        return self.zh if language == "zh" else self.en


def _catalogue() -> Mapping[str, Entry]:
    data = resources.files("edge").joinpath("refusals.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(data), dict[str, Entry])


CATALOGUE: Mapping[str, Entry] = _catalogue()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no. `code` is in the catalogue and `params` holds at least what its texts need.

    `retry_after` is in whole seconds, for those who may try again.
    """

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    retry_after: int | None = None

    def __post_init__(self) -> None:
        missing = set(self.entry.params) - self.params.keys()
        assert not missing, f"{self.code} needs {sorted(missing)}"
        assert not self.entry.causes or self.params["cause"] in self.entry.causes, self.params

    @property
    def entry(self) -> Entry:
        """What the catalogue says of this code."""
        return CATALOGUE[self.code]


def problem(
    refusal: Refusal,
    lang: Language,
    key: str | None = None,
    quote: terminal.Quoted | None = None,
) -> terminal.Problem:
    """Return the reply that says `refusal` to a terminal which reads `lang`."""
    entry, params = refusal.entry, refusal.params
    if entry.causes:
        cause = getattr(entry.causes[str(params["cause"])], lang)
        params = {**params, "cause": cause.format_map(params)}
    title, detail, fix = (part.format_map(params) for part in entry.text(lang))
    return terminal.Problem(
        type="urn:edge:error:" + refusal.code.removeprefix("E-").lower(),
        code=refusal.code,
        status=entry.status,
        title=title,
        detail=detail,
        fix=fix,
        retry=entry.retry,
        lang=lang,
        retry_after=refusal.retry_after,
        key=key,
        quote=quote,
    )
