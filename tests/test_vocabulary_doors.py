"""Every operation through every door: the examples are true, and one key has the same bytes."""

import json
from pathlib import Path

import msgspec
import pytest

from drivers import terminal as words
from drivers.terminal import examples
from edge.desk.operations import DEEDS, LOOKS, PREPARED, READS
from edge.refusals import CATALOGUE
from tests.counter_kit import rich
from tests.examples import TERMINAL, Day, plain, play, staffed
from tests.shopfront import open_shop

THE_DESK_ITSELF = {words.Ask, words.Health, words.SignOn, words.SignOff, words.Approve}
AGAIN = "the examples are out of date: python -m tests.examples, and look at what changed"


async def test_the_examples_are_what_a_box_answers(tmp_path: Path) -> None:
    told = {
        (one.step, operation): one for operation, some in examples.load().items() for one in some
    }
    async with (
        open_shop(tmp_path, bundle=rich(), adjust=staffed) as front,
        front.at_mqtt(TERMINAL) as end,
    ):
        day = Day(front)
        await play(day)
        assert len(day.steps) == len(told), AGAIN
        for number, step in enumerate(day.steps, 1):
            example = told[number, step.operation]
            assert (example.title, example.status) == (step.title, step.status), AGAIN
            assert plain(json.loads(bytes(example.answer))) == plain(step.answer), AGAIN
            if "key" not in step.request:
                continue
            payload = json.dumps(step.request, ensure_ascii=False).encode()
            code = step.answer.get("code")
            if code is not None and CATALOGUE[code].binds == "nothing":
                continue  # nothing was decided then, and may be by now
            again = await front.over_mqtt(end, step.operation, payload)
            assert again.body == step.body, "one key, one answer, through every door"


def test_every_operation_has_an_example_and_every_answer_is_in_the_words() -> None:
    told = examples.load()
    assert told.keys() == words.OPERATIONS.keys(), AGAIN
    for operation, some in told.items():
        for example in some:
            request = words.decode(operation, bytes(example.request))
            assert isinstance(request, words.OPERATIONS[operation])
            if example.status >= 400:
                msgspec.json.decode(bytes(example.answer), type=words.Problem)


@pytest.mark.parametrize("operation", words.OPERATIONS)
def test_somebody_answers_to_every_operation(operation: str) -> None:
    kind = words.OPERATIONS[operation]
    rooms = [kind in room for room in (READS, LOOKS, DEEDS, PREPARED)]
    some_wait = kind is words.Sell  # and is decided at once where nothing has to be awaited
    assert sum(rooms) == (0 if kind in THE_DESK_ITSELF else 1 + some_wait)
    assert issubclass(kind, words.Deed) == (kind in DEEDS or kind in PREPARED)
