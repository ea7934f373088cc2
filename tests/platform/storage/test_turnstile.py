"""The writers of one process take turns."""

from __future__ import annotations

import threading

import pytest

from support.processes import wait_until
from vcci_platform.storage.database import Turnstile


def test_whoever_waits_comes_before_the_one_that_gives_back() -> None:
    turnstile, order = Turnstile(), list[str]()

    def wait() -> None:
        with turnstile:
            order.append("the one that waited")

    thread = threading.Thread(target=wait)
    with turnstile:
        thread.start()
        wait_until(turnstile._gate.locked, what="nobody waits")
    with turnstile:
        order.append("the one that gave back")
    thread.join(10)

    assert order == ["the one that waited", "the one that gave back"]


def test_its_holder_may_take_it_again_while_another_waits() -> None:
    turnstile = Turnstile()

    def wait() -> None:
        with turnstile:
            pass

    thread = threading.Thread(target=wait)
    with turnstile:
        thread.start()
        wait_until(turnstile._gate.locked, what="nobody waits")
        with turnstile:
            pass
        assert thread.is_alive()
    thread.join(10)

    assert not thread.is_alive()


def test_one_that_raises_gives_it_back() -> None:
    turnstile = Turnstile()
    with pytest.raises(KeyError), turnstile:
        raise KeyError

    with turnstile:
        assert turnstile._depth == 1
