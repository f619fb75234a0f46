"""Who is told what: slow listeners lose pictures of a moment, and nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np

from rtemotion.service.hub import MOST_AT_ALL, MOST_COMING, MOST_WAITING, Hub, Listener
from rtemotion.service.messages import from_text, unpack

WIDE = np.zeros(2**16, np.uint8)


def in_loop(body: Callable[[Hub], Coroutine[Any, Any, None]]) -> None:
    async def go() -> None:
        await body(Hub(asyncio.get_running_loop()))

    asyncio.run(go())


def listening(hub: Hub, *topics: str, as_text: bool = False, emotion: str = "") -> Listener:
    listener = Listener("one", as_text)
    listener.topics = {topic: {"emotion": emotion} for topic in topics}
    hub.add(listener)
    hub.look()
    return listener


async def told(listener: Listener) -> list[Any]:
    await asyncio.sleep(0.05)
    found = []
    while listener.waiting:
        content = await listener.get()
        found.append(from_text(content) if isinstance(content, str) else unpack(content))
    return found


def test_topics_go_to_those_who_want_them_and_the_rest_to_everybody() -> None:
    async def body(hub: Hub) -> None:
        frames, none = listening(hub, "frames"), listening(hub)
        joy = listening(hub, "networks", emotion="joy", as_text=True)
        hub.publish({"type": "frames"}, "frames")
        hub.publish({"type": "networks", "emotion": "joy"}, "networks")
        hub.publish({"type": "networks", "emotion": "fear"}, "networks")
        hub.publish({"type": "event"})
        assert [m["type"] for m in await told(frames)] == ["frames", "event"]
        assert [m["type"] for m in await told(none)] == ["event"]
        assert [m.get("emotion") for m in await told(joy)] == ["joy", None]
        assert hub.wanted("networks") == {"joy"}
        hub.remove(joy)
        hub.remove(joy)
        assert hub.wanted("networks") == frozenset()

    in_loop(body)


def test_a_slow_listener_loses_the_older_frames_and_no_event_or_state() -> None:
    async def body(hub: Hub) -> None:
        slow = listening(hub, "signals")
        for number in range(400):
            hub.publish({"type": "signals", "at": number, "data": WIDE}, "signals")
            hub.publish({"type": "event", "at": number})
            if number % 100 == 0:
                await asyncio.sleep(0.01)
        found = await told(slow)
        events = [m["at"] for m in found if m["type"] == "event"]
        signals = [m["at"] for m in found if m["type"] == "signals"]
        assert events == list(range(400))
        assert signals == sorted(signals)
        assert signals[-1] == 399
        assert slow.shed["signals"] == 400 - len(signals) > 200
        assert sum(64 * 1024 for _ in signals) <= MOST_WAITING
        assert not slow.lost

    in_loop(body)


def test_a_listener_that_takes_nothing_at_all_is_let_go() -> None:
    async def body(hub: Hub) -> None:
        gone = listening(hub)
        for _ in range(MOST_AT_ALL // 2**20 + 2):
            gone.put("event", b"x" * 2**20, spare=False)
        assert gone.lost

    in_loop(body)


def test_for_one_who_has_gone_nothing_is_kept() -> None:
    async def body(hub: Hub) -> None:
        gone = listening(hub, "frames")
        gone.put("event", b"x", spare=False)
        hub.remove(gone)
        gone.put("event", b"x", spare=False)
        assert not gone.waiting
        assert hub.listeners == ()

    in_loop(body)


def test_a_busy_loop_takes_a_bounded_number_of_pictures_and_every_event() -> None:
    async def body(hub: Hub) -> None:
        one = listening(hub, "signals")
        for number in range(3000):
            hub.publish({"type": "signals", "at": number}, "signals")
        hub.publish({"type": "event"})
        found = await told(one)
        assert len(found) <= MOST_COMING + 2
        assert found[-1]["type"] == "event"

    in_loop(body)


def test_messages_of_many_threads_all_arrive() -> None:
    async def body(hub: Hub) -> None:
        one = listening(hub)

        def publish() -> None:
            for number in range(500):
                hub.publish({"type": "event", "at": number})

        threads = [threading.Thread(target=publish) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            await asyncio.sleep(0.01)
        assert sum(m["at"] for m in await told(one)) == 4 * 499 * 250

    in_loop(body)


def test_what_a_backlog_held_is_not_told_twice() -> None:
    async def body(hub: Hub) -> None:
        one = listening(hub, "frames")
        one.told("frames", 3, 10)
        for run, number in ((2, 50), (3, 9), (3, 10), (3, 11), (4, 1)):
            hub.publish({"type": "frames", "run": run, "number": number}, "frames")
        assert [(m["run"], m["number"]) for m in await told(one)] == [(3, 11), (4, 1)]

    in_loop(body)


def test_a_message_that_cannot_be_sent_holds_no_other_back(caplog: Any) -> None:
    async def body(hub: Hub) -> None:
        one = listening(hub)
        hub.publish({"type": "event", "payload": object()})
        hub.publish({"type": "state"})
        assert [m["type"] for m in await told(one)] == ["state"]

    in_loop(body)
    assert "cannot be sent" in caplog.text


def test_publishing_after_the_end_is_harmless() -> None:
    hubs: list[Hub] = []

    async def body(hub: Hub) -> None:
        hubs.append(hub)

    in_loop(body)
    hubs[0].publish({"type": "event"})
    hubs[0].publish({"type": "event"})
