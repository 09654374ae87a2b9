"""The endpoint machine: answers owed, sessions, subscriptions, wills, takeover."""

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mqtt5 import DisconnectReasonCode as Bye
from mqtt5 import QoS

from drivers.codec import Close, Send
from drivers.mqtt import (
    Connection,
    Elsewhere,
    Message,
    Offline,
)
from drivers.mqtt.topics import is_filter, matches
from tests.mqtt_kit import (
    TOPICS,
    answer,
    connect,
    delivered,
    endpoint,
    listening,
    only,
    opened,
    packets,
    puback,
    publish,
    request,
    said,
    subscribe,
    will,
)

# --- answers: QoS 1, windows, sessions ------------------------------------------------------------


def test_answers_keep_to_the_clients_receive_maximum_and_order() -> None:
    server = endpoint()
    connection = listening(server, receive_max=2)
    sent = [delivered(server.deliver("h1", answer(n), 0.0)) for n in range(4)]
    assert [len(each) for each in sent] == [1, 1, 0, 0]
    first = sent[0][0]
    assert (first.payload, first.duplicate, first.qos) == (b"0", False, QoS.AT_LEAST_ONCE)
    assert only(connection.receive(puback(first.packet_id), 0.0)).payload == b"2"
    assert connection.receive(puback(first.packet_id), 0.0) == []
    assert only(connection.receive(puback(sent[1][0].packet_id), 0.0)).payload == b"3"


def test_the_queue_is_bounded_in_messages_and_bytes() -> None:
    server = endpoint(queue_messages_max=3, queue_bytes_max=1_000)
    connection = listening(server, receive_max=1)
    for number in range(5):
        server.deliver("h1", answer(number), 0.0)
    assert server.counts["queue_full"] == 2
    for packet_id in (1, 2, 3):
        connection.receive(puback(packet_id), 0.0)
    big = Message(topic=TOPICS.response("sell"), payload=b"x" * 1_000)
    assert delivered(server.deliver("h1", big, 0.0))
    assert delivered(server.deliver("h1", answer(), 0.0)) == []
    assert server.counts["queue_full"] == 3


def test_a_session_goes_on_with_dup_in_order_and_within_the_new_window() -> None:
    server = endpoint()
    connection = listening(server, session_expiry_interval=60, receive_max=2)
    for number in range(3):
        server.deliver("h1", answer(number), 0.0)
    connection.lost(1.0, "unplugged")
    server.deliver("h1", answer(3), 2.0)
    again = Connection(server)
    again.start(3.0)
    told, first = packets(again.receive(connect(session_expiry_interval=60, receive_max=1), 3.0))
    assert told.session_present
    assert (first.payload, first.duplicate, first.packet_id) == (b"0", True, 1)
    second = only(again.receive(puback(1), 3.0))
    assert (second.payload, second.duplicate, second.packet_id) == (b"1", True, 2)
    third = only(again.receive(puback(2), 3.0))
    assert (third.payload, third.duplicate) == (b"2", False)
    assert only(again.receive(puback(third.packet_id), 3.0)).payload == b"3"


def test_what_may_not_be_said_twice_is_rather_never_said() -> None:
    server = endpoint(queue_bytes_max=30)
    connection = listening(server, session_expiry_interval=60, receive_max=2)
    topic = TOPICS.response("sell")
    for payload, again in ((b"x" * 10, False), (b"1", True), (b"y" * 10, False)):
        server.deliver("h1", Message(topic=topic, payload=payload, again=again), 0.0)
    connection.lost(1.0, "unplugged")
    assert server.counts["unsure"] == 1
    back = Connection(server)
    back.start(2.0)
    _, *sent = packets(back.receive(connect(session_expiry_interval=60, receive_max=9), 2.0))
    assert [(one.payload, one.duplicate) for one in sent] == [(b"1", True), (b"y" * 10, False)]
    assert delivered(server.deliver("h1", Message(topic=topic, payload=b"z" * 18), 3.0))


def test_a_clean_start_forgets() -> None:
    server = endpoint()
    connection = listening(server, session_expiry_interval=60)
    server.deliver("h1", answer(), 0.0)
    connection.lost(1.0, "unplugged")
    again = Connection(server)
    (told,) = packets(again.receive(connect(clean_start=True, session_expiry_interval=60), 2.0))
    assert not told.session_present
    assert server.deliver("h1", answer(), 2.0) == []
    assert server.counts["not_subscribed"] == 1


def test_a_session_ends_when_its_time_is_up() -> None:
    server = endpoint()
    listening(server, session_expiry_interval=60).lost(10.0, "unplugged")
    assert server.wake_at == 70.0
    assert server.wake(69.0) == []
    assert server.wake(70.0) == []
    assert server.wake_at is None
    server.deliver("h1", answer(), 71.0)
    assert server.counts["no_session"] == 1


def test_an_overdue_session_is_over_even_before_anybody_looked() -> None:
    server = endpoint()
    listening(server, session_expiry_interval=60).lost(10.0, "unplugged")
    told = only(Connection(server).receive(connect(), 70.0))
    assert not told.session_present


def test_a_goodbye_may_change_how_long_the_session_is_kept() -> None:
    server = endpoint(session_seconds_max=100)
    connection = listening(server, session_expiry_interval=60)
    outs = connection.receive(mqtt5.DisconnectPacket(session_expiry_interval=1_000).write(), 10.0)
    assert isinstance(outs[-1], Close)
    assert server.wake_at == 110.0


def test_an_expired_message_is_dropped_and_others_say_how_long_they_live() -> None:
    server = endpoint()
    connection = listening(server, session_expiry_interval=60)
    connection.lost(0.0, "unplugged")
    server.deliver("h1", answer(1, expires_at=5.0), 0.0)
    server.deliver("h1", answer(2, expires_at=30.0), 0.0)
    _, message = packets(Connection(server).receive(connect(), 10.0))
    assert (message.payload, message.message_expiry_interval) == (b"2", 20)
    assert server.counts["expired"] == 1


def test_what_the_client_cannot_take_is_not_sent() -> None:
    server = endpoint()
    connection = listening(server, max_packet_size=200)
    big = Message(topic=TOPICS.response("sell"), payload=b"x" * 300)
    assert server.deliver("h1", big, 0.0) == []
    assert delivered(server.deliver("h1", answer(), 0.0))
    assert server.counts["too_large_for_client"] == 1
    assert connection.terminal == "h1"


def test_qos_0_is_sent_as_it_is_and_to_nobody_if_nobody_is_there() -> None:
    server = endpoint()
    connection = listening(server, session_expiry_interval=60)
    (message,) = delivered(server.deliver("h1", answer(qos=0), 0.0))
    assert (message.qos, message.packet_id) == (QoS.AT_MOST_ONCE, None)
    connection.lost(0.0, "unplugged")
    assert server.deliver("h1", answer(qos=0), 0.0) == []
    assert server.counts["nobody_there"] == 1


def test_a_subscription_with_qos_0_gets_qos_0() -> None:
    server = endpoint()
    connection = opened(server)
    connection.receive(subscribe("edge/v1/s1/h1/rsp/sell", qos=QoS.AT_MOST_ONCE), 0.0)
    (message,) = delivered(server.deliver("h1", answer(), 0.0))
    assert message.qos == QoS.AT_MOST_ONCE


# --- subscriptions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("edge/v1/s1/h1/rsp/+", 1),
        ("edge/v1/s1/h1/rsp/sell", 1),
        ("edge/v1/s1/h1/evt/#", 1),
        ("edge/v1/s1/h1/#", 1),
        ("edge/v1/s1/dev/+/state", 1),
        ("edge/v1/s1/box/state", 1),
        ("edge/v1/s1/h2/rsp/+", 0x87),
        ("edge/v1/s1/+/rsp/+", 0x87),
        ("edge/v1/s2/h1/rsp/+", 0x87),
        ("#", 0x87),
        ("$SYS/#", 0x87),
        ("edge/v1/s1/h1/rsp/#/x", 0x8F),
        ("edge/v1/s1/h1/rsp/a+", 0x8F),
        ("", 0x8F),
        ("$share/group/edge/v1/s1/h1/rsp/+", 0x9E),
    ],
)
def test_a_terminal_reads_only_what_is_its_own(pattern: str, code: int) -> None:
    raw = pattern.encode()
    body = b"\x00\x01\x00" + len(raw).to_bytes(2, "big") + raw + b"\x02"
    told = only(opened(endpoint()).receive(bytes((0x82, len(body))) + body, 0.0))
    assert [int(each) for each in told.reason_codes] == [code]


def test_subscription_ids_are_not_offered_and_subscriptions_are_bounded() -> None:
    connection = opened(endpoint(subscriptions_max=2))
    told = only(connection.receive(subscribe("edge/v1/s1/h1/rsp/a", subscription_id=3), 0.0))
    assert [int(each) for each in told.reason_codes] == [0xA1]
    patterns = [f"edge/v1/s1/h1/rsp/{name}" for name in ("a", "b", "c", "a")]
    told = only(connection.receive(subscribe(*patterns), 0.0))
    assert [int(each) for each in told.reason_codes] == [1, 1, 0x97, 1]


def test_unsubscribe() -> None:
    server = endpoint()
    connection = listening(server)
    assert delivered(server.deliver("h1", answer(), 0.0))
    packet = mqtt5.UnsubscribePacket(9, ["edge/v1/s1/h1/rsp/+", "edge/v1/s1/h1/x"]).write()
    told = only(connection.receive(packet, 0.0))
    assert (told.packet_id, [int(each) for each in told.reason_codes]) == (9, [0, 0x11])
    assert server.deliver("h1", answer(), 0.0) == []


def test_what_the_box_announces_is_told_now_and_later() -> None:
    server = endpoint()
    state = Message(topic="edge/v1/s1/dev/scale/state", payload=b"ready")
    server.retain(state, 0.0)
    connection = opened(server)
    told, message = packets(connection.receive(subscribe("edge/v1/s1/dev/+/state"), 0.0))
    assert int(told.reason_codes[0]) == 1
    assert (message.payload, message.retain) == (b"ready", True)
    (now,) = delivered(server.retain(Message(topic=state.topic, payload=b"lost"), 0.0))
    assert (now.payload, now.retain) == (b"lost", False)
    server.retain(Message(topic=state.topic, payload=b""), 0.0)
    assert len(packets(connection.receive(subscribe("edge/v1/s1/dev/+/state"), 0.0))) == 1


@pytest.mark.parametrize(("handling", "counts"), [(0, [1, 1]), (1, [1, 0]), (2, [0, 0])])
def test_retain_handling(handling: int, counts: list[int]) -> None:
    server = endpoint()
    server.retain(Message(topic="edge/v1/s1/box/state", payload=b"ready"), 0.0)
    connection = opened(server)
    chosen = mqtt5.TopicFilter("edge/v1/s1/box/+", retain_handling=mqtt5.RetainHandling(handling))
    packet = mqtt5.SubscribePacket(1, [chosen]).write()
    assert [len(packets(connection.receive(packet, 0.0))) - 1 for _ in range(2)] == counts


LEVELS = st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=4)


@given(LEVELS, st.data())
def test_a_filter_made_from_a_topic_matches_it(levels: list[str], data: st.DataObject) -> None:
    topic = "/".join(["edge", *levels])
    levels = topic.split("/")
    holes = data.draw(st.lists(st.booleans(), min_size=len(levels), max_size=len(levels)))
    some = ["+" if hole else level for hole, level in zip(holes, levels, strict=True)]
    cut = data.draw(st.integers(0, len(levels)))
    for pattern in ("/".join(some), "/".join([*some[:cut], "#"])):
        assert is_filter(pattern)
        assert matches(pattern, topic)
    assert not matches("/".join([*levels, "c"]), topic)
    assert not matches("/".join(["c", *levels[1:]]), topic)


# --- keep-alive, wills, takeover, stop ------------------------------------------------------------


def test_silence_for_one_and_a_half_keep_alives_is_the_end() -> None:
    connection = opened(endpoint(), keep_alive=10)
    assert connection.wake_at == 15.0
    assert only(connection.receive(mqtt5.PingReqPacket().write(), 14.0)) is not None
    assert connection.wake(15.0) == []
    assert connection.wake_at == 29.0
    connection.receive(b"\x30", 28.0)
    outs = connection.wake(29.0)
    assert int(only(outs).reason_code) == 0x8D
    assert [type(out) for out in outs] == [Send, Offline, Close]


def test_birth_and_will() -> None:
    connection = opened(endpoint(), will=will())
    birth = publish(TOPICS.state, b"here", retain=True)
    assert said(connection.receive(birth, 0.0)) == [b"here"]
    assert said(connection.lost(1.0, "unplugged")) == [b"gone"]


@pytest.mark.parametrize(
    ("code", "payloads"),
    [(Bye.NORMAL_DISCONNECTION, []), (Bye.DISCONNECT_WITH_WILL_MESSAGE, [b"gone"])],
)
def test_a_goodbye_takes_the_will_back_unless_it_says_otherwise(
    code: Bye, payloads: list[bytes]
) -> None:
    connection = opened(endpoint(), will=will())
    outs = connection.receive(mqtt5.DisconnectPacket(reason_code=code).write(), 0.0)
    assert said(outs) == payloads


def test_a_delayed_will_waits_but_not_longer_than_the_session() -> None:
    server = endpoint()
    opened(server, will=will(30), session_expiry_interval=60).lost(0.0, "unplugged")
    assert server.wake_at == 30.0
    assert said(server.wake(30.0)) == [b"gone"]
    opened(server, will=will(90), session_expiry_interval=60).lost(0.0, "unplugged")
    assert server.wake_at == 60.0
    assert said(server.wake(60.0)) == [b"gone"]


@pytest.mark.parametrize(("clean", "payloads"), [(False, []), (True, [b"gone"])])
def test_who_comes_back_in_time_is_not_said_to_be_gone(clean: bool, payloads: list[bytes]) -> None:
    server = endpoint()
    opened(server, will=will(30), session_expiry_interval=60).lost(0.0, "unplugged")
    outs = Connection(server).receive(connect(clean_start=clean, session_expiry_interval=60), 5.0)
    assert said(outs) == payloads
    assert server.wake_at is None


def test_a_second_login_takes_over() -> None:
    server = endpoint()
    old = listening(server, session_expiry_interval=60, will=will())
    server.deliver("h1", answer(), 0.0)
    new = Connection(server)
    outs = new.receive(connect(session_expiry_interval=60), 1.0)
    told, message = packets(outs)
    assert told.session_present
    assert (message.payload, message.duplicate) == (b"0", True)
    (elsewhere,) = [out for out in outs if isinstance(out, Elsewhere)]
    assert elsewhere.connection is old
    assert int(only(elsewhere.outs).reason_code) == 0x8E
    assert [type(out) for out in elsewhere.outs] == [Send, Offline, Close]
    assert said(outs) == [b"gone"]
    assert old.receive(request(), 1.0) == []
    assert old.lost(1.0, "closed") == []
    assert [out.connection for out in server.deliver("h1", answer(), 1.0)] == [new]


def test_stop_says_goodbye_to_all_and_no_wills() -> None:
    server = endpoint()
    first = opened(server, will=will())
    second = opened(server, username="h2", client_id="h2")
    outs = server.stop(1.0)
    assert {id(out.connection) for out in outs} == {id(first), id(second)}
    assert [int(only(out.outs).reason_code) for out in outs] == [0x8B, 0x8B]
    assert first.lost(1.0, "closed") == []
    assert server.wake(2.0) == []
