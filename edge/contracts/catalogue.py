"""Everything the box says no to, for programs and for people."""

from typing import Any

from edge.refusals import CATALOGUE, Entry


def catalogue() -> list[dict[str, Any]]:
    """Return every refusal by code, its texts in both languages with `{...}` for what varies."""
    return [_said(code, entry) for code, entry in sorted(CATALOGUE.items())]


def _said(code: str, entry: Entry) -> dict[str, Any]:
    said: dict[str, Any] = {
        "code": code, "status": entry.status, "retry": entry.retry, "binds": entry.binds,
        "params": entry.params,
    }  # fmt: skip
    for lang in ("zh", "en"):
        title, detail, fix = entry.text(lang)
        said[lang] = {"title": title, "detail": detail, "fix": fix}
    if entry.causes:
        said["causes"] = {
            name: {"zh": cause.zh, "en": cause.en} for name, cause in entry.causes.items()
        }
    return said
