"""Every test cleans up after itself: whoever leaks a file descriptor or a task fails."""

import inspect
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import structlog
import uvloop
from hypothesis import HealthCheck, settings

from tests import private_pcscd
from tests.leaks import descriptors, descriptors_leaked, tasks_left

private_pcscd.claimed()
# How quick one example is, is the machine's business; how it is repeated stands in the report.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("house")
# libuv opens one pipe per process with its first loop; let that be before anybody counts.
uvloop.new_event_loop().close()


@pytest.fixture(autouse=True)
def no_descriptor_leaks() -> Iterator[None]:
    before = descriptors()
    yield
    leaked = descriptors_leaked(before)
    assert not leaked, f"file descriptors left open: {leaked}"


@pytest.fixture(autouse=True)
def no_log_left_quiet() -> Iterator[None]:
    """A command that ran in this process has hushed its log; the next test may want to hear it."""
    yield
    structlog.reset_defaults()


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
