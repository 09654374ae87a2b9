"""The catalogue of refusals: complete, consistent, and readable in both languages."""

import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from drivers import terminal
from edge.refusals import CATALOGUE, Entry, Language, Refusal, problem

ROOT = Path(__file__).parent.parent
CODE = re.compile(r'"(E-[A-Z]+(?:-[A-Z]+)*)"')
CHINESE = re.compile("[\u4e00-\u9fff]")

every_code = pytest.mark.parametrize("code", CATALOGUE)


def named(template: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def sample(entry: Entry) -> dict[str, str | int]:
    """Return params for `entry`; a cause is one that is told as `<cause>`."""
    params: dict[str, str | int] = {name: f"<{name}>" for name in entry.params}
    return params | {"cause": "other", "said": "<cause>"} if entry.causes else params


OTHER: Mapping[Language, set[str]] = {"zh": {"_en"}, "en": {"_zh"}}
"""How a name ends that is for the other language alone."""


@every_code
@pytest.mark.parametrize("lang", get_args(Language))
def test_every_text_says_what_its_params_are(code: str, lang: Language) -> None:
    entry = CATALOGUE[code]
    said = problem(Refusal(code, sample(entry)), lang)
    assert all(text.strip() for text in entry.text(lang))
    wanted = {name for name in entry.params if name[-3:] not in OTHER[lang]}
    assert all(f"<{name}>" in said.detail + said.fix + said.title for name in wanted)
    assert set().union(*map(named, entry.text(lang))) == wanted


def test_a_cause_is_told_in_the_terminal_s_language() -> None:
    params = {"path": "$.lines", "cause": "type", "expected": "array", "got": "null"}
    refusal = Refusal("E-MALFORMED", params)
    assert problem(refusal, "zh").detail == "$.lines 处有误：应为 array，实为 null。"
    assert problem(refusal, "en").detail == "At $.lines: expected array, got null."
    with pytest.raises(AssertionError, match="moon"):
        Refusal("E-MALFORMED", {**params, "cause": "moon"})


def test_causes_are_complete_in_both_languages() -> None:
    for cause in CATALOGUE["E-MALFORMED"].causes.values():
        assert CHINESE.search(cause.zh)
        assert cause.en.isascii()
        assert named(cause.zh) == named(cause.en)


@every_code
def test_chinese_is_chinese_and_english_is_not(code: str) -> None:
    entry = CATALOGUE[code]
    assert all(CHINESE.search(text) for text in entry.zh)
    assert all(text.isascii() for text in entry.en)


@every_code
def test_retry_binding_and_status_agree(code: str) -> None:
    entry = CATALOGUE[code]
    assert 400 <= entry.status < 600
    # Who comes again with the same key must find it free; a new key is for a bound one.
    allowed = {"nothing": {"never", "same"}, "key": {"never", "later"}}[entry.binds]
    assert entry.retry in allowed
    if entry.status >= 500 or entry.status in {408, 429}:
        assert (entry.retry, entry.binds) == ("same", "nothing")


def test_a_problem_is_what_rfc_9457_wants() -> None:
    said = problem(Refusal("E-UNKNOWN-PRODUCT", {"code": "{x}"}, retry_after=9), "en", key="k")
    assert said == terminal.Problem(
        type="urn:edge:error:unknown-product",
        code="E-UNKNOWN-PRODUCT",
        status=422,
        title="Unknown product",
        detail='The price book has no "{x}".',
        fix="Scan again or use the product's id; wait for the price book if it is new.",
        retry="later",
        lang="en",
        retry_after=9,
        key="k",
    )


def test_a_refusal_without_its_params_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="code"):
        Refusal("E-UNKNOWN-PRODUCT")
    with pytest.raises(KeyError):
        Refusal("E-NO-SUCH-CODE")


def source() -> str:
    files = [path for room in ("edge", "drivers") for path in (ROOT / room).rglob("*.py")]
    return "".join(path.read_text("utf-8") for path in files)


def test_every_code_in_the_source_is_in_the_catalogue() -> None:
    assert set(CODE.findall(source())) - CATALOGUE.keys() == set()


def test_every_cause_in_the_catalogue_is_in_the_source() -> None:
    text = source()
    assert [cause for cause in CATALOGUE["E-MALFORMED"].causes if f'"{cause}"' not in text] == []
