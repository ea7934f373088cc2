"""What the supervisor decides: waits after crashes, and ports."""

from __future__ import annotations

import pytest

from vcci_platform.supervisor.policy import Backoff, PortTaken, Wish, choose


def test_the_wait_doubles_up_to_a_limit():
    backoff = Backoff(first_seconds=1.5, most_seconds=11)

    assert [backoff.delay_seconds(crashes) for crashes in (1, 2, 3, 4, 99)] == [1.5, 3, 6, 11, 11]


def test_a_child_that_ran_long_enough_starts_with_a_clean_slate():
    backoff = Backoff(forgiven_seconds=60)

    assert backoff.crashes(7, ran_seconds=59.9) == 8
    assert backoff.crashes(7, ran_seconds=60) == 1


def test_free_ports_are_kept_and_a_taken_one_moves_to_the_next_that_nobody_wants():
    wishes = [Wish("service", 8000), Wish("desk", 8010), Wish("sandbox", 8001)]

    chosen = choose(wishes, lambda port: port not in {8000, 8002})

    assert chosen == {"service": 8003, "desk": 8010, "sandbox": 8001}


def test_two_that_wish_for_the_same_port_get_different_ones():
    assert choose([Wish("service", 9000), Wish("desk", 9000)], lambda _: True) == {"service": 9000, "desk": 9001}


def test_a_port_that_somebody_asked_for_is_never_exchanged():
    with pytest.raises(
        PortTaken, match="VCCI_DESK_PORT=8010: expected a free port for desk, but another program has it"
    ):
        choose([Wish("desk", 8010, asked_by="VCCI_DESK_PORT")], lambda _: False)


def test_one_port_that_was_asked_for_twice_is_told():
    wishes = [Wish("service", 8000, "VCCI_API_PORT"), Wish("desk", 8000, "VCCI_DESK_PORT")]

    with pytest.raises(PortTaken, match=r"VCCI_DESK_PORT=8000: .* but service has it"):
        choose(wishes, lambda _: True)


def test_a_machine_without_free_ports_is_told():
    with pytest.raises(PortTaken, match="desk: expected a free port between 65530 and 65535, found none"):
        choose([Wish("desk", 65530)], lambda _: False)
