"""The documents and pages as files: what a browser without a network needs, and nothing else."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from edge import VERSION, pages
from edge.contracts.asyncapi import asyncapi
from edge.contracts.catalogue import catalogue
from edge.contracts.openapi import openapi
from edge.pages import KINDS, Document

_PAGES: Final = {"/docs": "docs.html", "/docs/docs.css": "docs.css", "/docs/docs.js": "docs.js"}


@cache
def documents() -> dict[str, Document]:
    """Return every document and page by its path; the same for the life of the process.

    It takes a tenth of a second the first time: call it in a thread.
    """
    made = {
        "/openapi.json": openapi(VERSION),
        "/asyncapi.json": asyncapi(VERSION),
        "/errors.json": catalogue(),
        "/docs/zh.json": chinese(),
    }
    encoded = {
        path: Document(KINDS["json"], msgspec.json.encode(content))
        for path, content in made.items()
    }
    return encoded | pages.read("edge.contracts", _PAGES)


def chinese() -> dict[str, Any]:
    """Return what the vocabulary says of itself, in Chinese, by what it says."""
    return tomllib.loads(resources.files(__package__).joinpath("zh.toml").read_text("utf-8"))
