"""The MQTT door, in memory and virtual time."""

import asyncio
import json

import pytest

from drivers.mqtt import Disconnected, Message
from edge.doors.asking import JSON, PROBLEM
from tests.mqtt_far import Far, far
from tests.mqtt_house import House, code, in_memory

# --- requests and answers ---------------------------------------------------------------------


def test_a_request_is_answered_on_its_response_topic() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        end.ask("sell", b'{"a":1}', correlation=b"\xff1")
        answer = await end.answer()
        assert answer.topic == "edge/v1/s1/h1/rsp/sell"
        assert (answer.correlation, answer.content_type) == (b"\xff1", JSON)
        assert (answer.qos, answer.retain) == (1, False)
        assert json.loads(answer.payload) == {"operation": "sell", "payload": '{"a":1}'}
        assert house.desk.asked == [("h1", "sell", b'{"a":1}')]

    in_memory(test)


def test_a_problem_says_so_and_qos_0_is_answered_with_qos_0() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        end.ask("refuse", qos=0)
        answer = await end.answer()
        assert (answer.qos, answer.content_type) == (0, PROBLEM)

    in_memory(test)


def test_payload_that_is_no_json_is_the_desks_business() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        for payload in (b"", b"\xff\x00", b"NaN", b"x" * 60_000):
            end.ask("sell", payload)
            await end.answer()
        assert [payload[:2] for _, _, payload in house.desk.asked] == [
            b"",
            b"\xff\x00",
            b"Na",
            b"xx",
        ]

    in_memory(test)


@pytest.mark.parametrize("response", [None, "edge/v1/s1/h2/rsp/sell", "elsewhere"])
def test_a_foreign_response_topic_is_refused_on_the_own_one(response: str | None) -> None:
    async def test(house: House) -> None:
        end, other = await house.come(far()), await house.come(far("h2"))
        end.ask("sell", response_topic=response, correlation=b"c")
        answer = await end.answer()
        assert (answer.topic, answer.correlation) == ("edge/v1/s1/h1/rsp/sell", b"c")
        assert code(answer) == "E-TOPIC"
        assert other.events.empty()
        assert house.desk.asked == []
        assert house.door.counts == {"E-TOPIC": 1}

    in_memory(test)


def test_retained_and_expired_requests_are_stale() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        end.ask("sell", retain=True)
        assert code(await end.answer()) == "E-STALE"
        end.ask("sell", qos=0, expires_at=0.0)
        assert code(await end.answer()) == "E-STALE"
        assert house.desk.asked == []

    in_memory(test)


def test_too_fast_is_refused_and_later_is_fine() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        for _ in range(6):
            end.ask("sell")
        answers = [await end.answer() for _ in range(6)]
        refused = [answer for answer in answers if answer.content_type == PROBLEM]
        assert [code(answer) for answer in refused] == ["E-RATE-LIMITED"] * 2
        await asyncio.sleep(1)
        end.ask("sell")
        assert (await end.answer()).content_type == JSON

    in_memory(test, requests_per_second_max=4)


def test_too_much_at_once_is_busy_and_others_are_not() -> None:
    async def test(house: House) -> None:
        end, other = await house.come(far()), await house.come(far("h2"))
        house.desk.gate.clear()
        for _ in range(4):
            end.ask("sell")
        assert code(await end.answer()) == "E-BUSY"
        other.ask("sell")
        await asyncio.sleep(1)
        assert len(house.desk.asked) == 4
        house.desk.gate.set()
        assert (await other.answer()).content_type == JSON
        assert [(await end.answer()).content_type for _ in range(3)] == [JSON] * 3

    in_memory(test, inflight_max=3)


def test_a_mistake_of_ours_is_told_without_its_traceback() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        house.desk.breaks = True
        end.ask("sell")
        answer = await end.answer()
        assert code(answer) == "E-INTERNAL"
        assert b"ZeroDivision" not in answer.payload
        house.desk.breaks = False
        end.ask("sell")
        assert (await end.answer()).content_type == JSON

    in_memory(test)


def test_foreign_topics_are_counted_and_nothing_comes_of_them() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        end.publish(Message(topic="edge/v1/s1/h2/req/sell", payload=b"{}", qos=0))
        end.publish(Message(topic="edge/v1/s1/h2/state", payload=b"{}", qos=1))
        end.ask("sell")
        await end.answer()
        assert house.desk.asked == [("h1", "sell", b"{}")]
        assert house.door.counts == {"foreign_topic": 1}
        assert house.door.states == {}

    in_memory(test)


# --- connections ------------------------------------------------------------------------------


def test_birth_will_and_events() -> None:
    async def test(house: House) -> None:
        state = Message(topic="edge/v1/s1/h1/state", payload=b"gone", retain=True)
        house.door.announce("box/state", b"selling")
        end = await house.come(far(will=state))
        assert (await end.answer()).payload == b"selling"
        end.publish(Message(topic=state.topic, payload=b"here", retain=True))
        house.door.tell("h1", "scan", b"{}")
        assert (await end.answer()).topic == "edge/v1/s1/h1/evt/scan"
        assert house.door.states == {"h1": b"here"}
        house.server.unplug()
        await asyncio.sleep(1)
        assert house.door.states == {"h1": b"gone"}

    in_memory(test)


def test_an_answer_waits_for_a_terminal_that_comes_back() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        house.desk.gate.clear()
        end.ask("sell")
        await asyncio.sleep(1)
        end.transport.abort()
        await end.lost.wait()
        house.desk.gate.set()
        await asyncio.sleep(1)
        again = Far(end.client, end.topics)
        await house.server.link().open(again)
        assert (await again.answer()).content_type == JSON

    in_memory(test)


def test_sessions_are_forgotten_in_time() -> None:
    async def test(house: House) -> None:
        end = await house.come(far(session_seconds=10))
        end.transport.abort()
        await end.lost.wait()
        await asyncio.sleep(11)
        house.door.tell("h1", "scan", b"{}")
        assert house.door.counts == {"no_session": 1}

    in_memory(test)


def test_a_second_login_takes_over() -> None:
    async def test(house: House) -> None:
        old = await house.come(far())
        new = await house.come(far())
        assert (await old.until(Disconnected)).code == 0x8E
        await old.lost.wait()
        new.ask("sell")
        assert (await new.answer()).content_type == JSON

    in_memory(test)


def test_silence_ends_connections() -> None:
    async def test(house: House) -> None:
        mute = asyncio.Protocol()
        silent = await house.server.link().open(mute)
        alive = await house.come(far(keep_alive_seconds=2))
        dead = await house.come(far("h2", keep_alive_seconds=2))
        dead.client.wake_at = None
        dead.transport.pause_reading()
        await asyncio.sleep(9)
        assert not silent.is_closing()
        await asyncio.sleep(2)
        assert silent.is_closing()
        assert dead.transport.is_closing()
        assert not alive.transport.is_closing()

    in_memory(test)


def test_connections_are_capped() -> None:
    async def test(house: House) -> None:
        await house.come(far())
        extra = far("h2")
        await house.server.link().open(extra)
        await extra.lost.wait()
        assert extra.events.empty()

    in_memory(test, connections_max=1)


def test_who_does_not_read_is_not_read_either() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        end.transport.pause_reading()
        for _ in range(400):
            end.ask("sell", b"x" * 1_000, qos=0)
            await asyncio.sleep(0.01)
        asked = len(house.desk.asked)
        assert asked < 200
        end.transport.resume_reading()
        for _ in range(400):
            await end.answer()
        assert len(house.desk.asked) == 400

    in_memory(test, requests_per_second_max=1_000)


def test_stop_answers_what_is_being_done_and_says_goodbye() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        house.desk.gate.clear()
        end.ask("sell", correlation=b"before")
        await asyncio.sleep(1)
        closing = asyncio.create_task(house.door.close())
        await asyncio.sleep(1)
        end.ask("sell", correlation=b"after")
        refused = await end.answer()
        assert (refused.correlation, code(refused)) == (b"after", "E-STOPPING")
        house.desk.gate.set()
        assert (await end.answer()).correlation == b"before"
        assert (await end.until(Disconnected)).code == 0x8B
        await closing
        assert end.lost.is_set()
        late = far("h2")
        await house.server.link().open(late)
        await late.lost.wait()

    in_memory(test)


def test_stop_does_not_wait_for_ever() -> None:
    async def test(house: House) -> None:
        end = await house.come(far())
        house.desk.gate.clear()
        end.ask("sell")
        await asyncio.sleep(1)
        end.transport.pause_reading()
        began = asyncio.get_running_loop().time()
        await house.door.close()
        assert asyncio.get_running_loop().time() - began <= 10
        house.desk.gate.set()

    in_memory(test)
