"""What stands still while one step of the loop looks: the time, and the cloud's records."""

from itertools import count

import pytest

from edge.clock import Clock, Instant, Kernel
from edge.steady import Steady


def test_it_is_held_from_the_first_time_it_is_entered_until_it_was_left_as_often() -> None:
    heard: list[str] = []
    steady = Steady(lambda: heard.append("begin"), lambda: heard.append("end"))
    with steady:
        with steady:
            assert steady.is_held
        assert steady.is_held
        assert heard == ["begin"]
    assert not steady.is_held
    with steady:
        pass
    assert heard == ["begin", "end", "begin", "end"]


def test_what_cannot_be_held_is_not_held() -> None:
    def fail() -> None:
        raise OSError("no room")

    steady = Steady(fail, lambda: None)
    with pytest.raises(OSError, match="no room"), steady:
        raise AssertionError("never inside")
    assert not steady.is_held


def test_it_is_released_when_a_step_fails() -> None:
    steady = Steady(lambda: None, lambda: None)
    with pytest.raises(KeyError), steady, steady:
        raise KeyError
    assert not steady.is_held


def test_one_step_is_done_at_one_time() -> None:
    ticks = count(1)

    def look() -> Instant:
        now = next(ticks)
        return Instant(now, now, "b1", Kernel(synchronised=True, error_ms=0))

    clock = Clock(look)
    assert [clock.read().at_ms, clock.read().at_ms] == [1, 2]
    with clock.steady():
        first = clock.read()
        with clock.steady():
            assert clock.read() is first
        assert clock.read() is first
    assert [clock.read().at_ms, clock.read().at_ms] == [4, 5]
    with clock.steady():
        assert clock.read().at_ms == 6, "what was held before is forgotten"
