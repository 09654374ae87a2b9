"""Every test cleans up after itself: whoever leaks a file descriptor or a task fails."""

import inspect
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import uvloop

from tests import private_pcscd
from tests.leaks import descriptors, descriptors_leaked, tasks_left

private_pcscd.claimed()
# libuv opens one pipe per process with its first loop; let that be before anybody counts.
uvloop.new_event_loop().close()


@pytest.fixture(autouse=True)
def no_descriptor_leaks() -> Iterator[None]:
    before = descriptors()
    yield
    leaked = descriptors_leaked(before)
    assert not leaked, f"file descriptors left open: {leaked}"


@pytest_asyncio.fixture
async def no_task_left() -> AsyncIterator[None]:
    yield
    left = await tasks_left()
    assert not left, f"tasks left behind: {left}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each async test `no_task_left`, first in and so last out."""
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
            at = item.fixturenames.index("no_descriptor_leaks") + 1
            item.fixturenames.insert(at, "no_task_left")
