"""The MQTT door as an AsyncAPI 3.0 document (AsyncAPI Specification 3.0.0)."""

from collections.abc import Mapping
from typing import Any, Final

from drivers import terminal as words
from edge.contracts.beside import JSON
from edge.contracts.openapi import ABOUT, REFUSED
from edge.contracts.schemas import components, reference
from edge.contracts.vocabulary import Operation, operations

OWN: Final = "edge/v1/{store}/{terminal}"
PARAMETERS: Final = {
    "store": {"description": "The store's id."},
    "terminal": {"description": "The terminal's id, which is its user name and its client id."},
}
STATES: Final = ("closed", "claimed", "ready", "busy", "error", "lost")


LANE: Final = (
    "A lane is told of by the box; which terminals stand at it, the store's configuration says. "
    "What a device says on a lane without a till of its own goes to one terminal alone: to who "
    "reads the event stream over HTTP, or else to the first by name that listens to that kind: by "
    "having subscribed at the box itself, or through a broker by saying so on its state topic, "
    "once it has subscribed. All of them hear what a till of the box's own does."
)


def _object(**properties: str) -> dict[str, Any]:
    """Return the schema of an object of these fields, each of a type of JSON."""
    fields = {name: {"type": kind} for name, kind in properties.items()}
    return {"type": "object", "properties": fields}


EVENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "scan": {"summary": "A code was read.", "payload": _object(text="string", symbology="string")},
    "card": {
        "summary": "A card lies on the reader.",
        "payload": _object(kind="string", text="string", uid="string"),
    },
    "card_removed": {"summary": "The card was taken away.", "payload": _object()},
    "swiped": {
        "summary": "A magnetic stripe was read.",
        "payload": _object(track1="string", track2="string", track3="string"),
    },
    "keyed": {"summary": "A line was typed.", "payload": _object(text="string")},
    "weighed": {
        "summary": "So much lies on the scale.",
        "payload": _object(grams="integer", stable="boolean"),
    },
    "shown": {"summary": "The till's basket costs this.", "payload": reference(words.Quoted)},
    "sold": {"summary": "The till has sold it.", "payload": reference(words.Sold)},
    "declined": {"summary": "The till says no.", "payload": reference(words.Problem)},
    "parked": {
        "summary": "The till's basket was put aside.",
        "payload": _object(number="integer", ticket="string"),
    },
    "recovered": {
        "summary": "A basket came back to the till: so many lines, without these codes.",
        "payload": {
            "type": "object",
            "properties": {
                "lines": {"type": "integer"},
                "lost": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
    "two_members": {
        "summary": "Two members were shown for one basket, both masked; one counts.",
        "payload": {
            "type": "object",
            "properties": {
                "shown": {"type": "array", "items": {"type": "string"}},
                "counts": {"type": "string"},
            },
        },
    },
}
"""The kinds of events and what they say; over HTTP they are named the same."""

BIRTH: Final = {"type": "object", "properties": {
    "state": {"type": "string", "description": "online, or anything else"},
    "hears": {
        "type": "array", "items": {"enum": [*EVENTS]},
        "description": "through a broker: the kinds of events it has subscribed to",
    },
}}  # fmt: skip
"""What a terminal says of itself on its state topic."""


def asyncapi(version: str) -> dict[str, Any]:
    """Return the document. `version` is the box's."""
    asked = operations()
    channels: dict[str, Any] = {}
    for operation in asked:
        channels[f"{operation.name}_request"] = _asked(operation)
        channels[f"{operation.name}_answer"] = _answered(operation)
    types = [t for operation in asked for t in (operation.request, operation.reply)]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "edgebox", "version": version, "description": ABOUT},
        "defaultContentType": JSON,
        "servers": {
            "box": {
                "host": "{host}:{port}", "protocol": "mqtt", "protocolVersion": "5.0",
                "variables": {
                    "host": {"description": "The box."}, "port": {"default": "1883"}
                },
                "security": [{"type": "userPassword",
                              "description": "The terminal's id and its token."}],
            }
        },
        "channels": {**channels, **_told()},
        "operations": {**{o.name: _operation(o) for o in asked}, **_listening()},
        "components": {"schemas": components([*types, words.Problem])},
    }  # fmt: skip


def _asked(operation: Operation) -> dict[str, Any]:
    return {
        "address": f"{OWN}/req/{operation.name}",
        "parameters": PARAMETERS,
        "title": operation.summary,
        "messages": {
            "request": {
                "name": operation.request.__name__,
                "payload": reference(operation.request),
                "examples": [
                    {"summary": example.title, "payload": example.request}
                    for example in operation.examples
                ],
                "bindings": {"mqtt": {
                    "correlationData": {"type": "string", "description": "Comes back as it is."},
                    "responseTopic": f"{OWN}/rsp/{operation.name}",
                }},
            }
        },
    }  # fmt: skip


def _answered(operation: Operation) -> dict[str, Any]:
    return {
        "address": f"{OWN}/rsp/{operation.name}",
        "parameters": PARAMETERS,
        "messages": {
            "answer": {
                "name": operation.reply.__name__,
                "payload": reference(operation.reply),
                "examples": [
                    {"summary": example.title, "payload": example.answer}
                    for example in operation.examples
                    if example.status < REFUSED
                ],
            },
            "problem": {
                "name": words.Problem.__name__,
                "contentType": "application/problem+json",
                "payload": reference(words.Problem),
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        # From the box's side, as the standard wants it.
        "action": "receive",
        "channel": {"$ref": f"#/channels/{operation.name}_request"},
        "summary": operation.summary,
        "description": operation.description,
        "bindings": {"mqtt": {"qos": 1, "retain": False, "messageExpiryInterval": 120}},
        "reply": {"channel": {"$ref": f"#/channels/{operation.name}_answer"}},
    }


def _told() -> dict[str, Any]:
    """Return the channels on which the box speaks, and terminals say how they are."""
    of_terminal: dict[str, Any] = {"parameters": PARAMETERS}
    store = {"parameters": {"store": PARAMETERS["store"]}}
    states = {"type": "object", "properties": {
        "state": {"enum": list(STATES)}, "reason": {"type": "string"}}}  # fmt: skip
    return {
        "event": {
            "address": f"{OWN}/evt/{{kind}}",
            "title": "What happens on the terminal's lane, at most ten seconds old.",
            "description": LANE,
            "parameters": {
                **PARAMETERS,
                "kind": {"description": "What kind of event it is.", "enum": [*EVENTS]},
            },
            "messages": {kind: {"name": kind, **said} for kind, said in EVENTS.items()},
        },
        "terminal_state": {
            "address": f"{OWN}/state", **of_terminal,
            "messages": {"state": {
                "summary": "Birth and will, retained; it may say more.", "payload": BIRTH,
                "examples": [
                    {"name": "birth", "payload": {"state": "online", "hears": ["scan", "card"]}},
                    {"name": "will", "payload": {"state": "offline"}},
                ],
            }},
        },
        "box_state": {
            "address": "edge/v1/{store}/box/state", **store,
            "messages": {"state": {"summary": "Retained.", "payload": {"type": "object"}}},
        },
        "box_health": {
            "address": "edge/v1/{store}/box/health", **store,
            "messages": {"health": {"summary": "Every minute.",
                                    "payload": reference(words.HealthReport)}},
        },
        "device_state": {
            "address": "edge/v1/{store}/dev/{device}/state",
            "parameters": {**store["parameters"], "device": {"description": "A device's name."}},
            "messages": {"state": {"summary": "Retained.", "payload": states}},
        },
    }  # fmt: skip


def _listening() -> dict[str, Any]:
    said = {
        name: {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
        for name in ("event", "box_state", "box_health", "device_state")
    }
    heard = {"action": "receive", "channel": {"$ref": "#/channels/terminal_state"}}
    return {**said, "terminal_state": heard}
