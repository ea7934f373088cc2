"""The list of incidents: what is asked for is found, and a long answer comes in parts."""

from __future__ import annotations

from vcci_platform.console import incidents as incident_pages
from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.testing import alert


def test_the_list_is_narrowed_by_state_severity_system_and_words(console):
    first = console.hear(alert())
    console.act(first, action="resolve", by="ada", why="a false alarm")
    console.office.desk.receive(
        [alert(name="QueueStuck", system="queue%s", priority=Priority.P2, summary="100% stuck")]
    )
    console.work()

    def found(**asked):
        page = console.client.get("/incidents", params=asked).text
        return {name for name in ("APIHighErrorRate", "QueueStuck") if f">{name}" in page}

    assert found() == {"APIHighErrorRate", "QueueStuck"}
    assert found(state="open") == {"QueueStuck"}
    assert found(state="resolved") == {"APIHighErrorRate"}
    assert found(priority="P0") == {"APIHighErrorRate"}
    assert found(system="queue%s") == {"QueueStuck"}
    assert found(text="apihigh") == {"APIHighErrorRate"}
    assert found(text="100% stuck") == {"QueueStuck"}
    assert found(text="0% s") == {"QueueStuck"}, "a sign of the database is a sign like any other"
    assert found(text=first.id) == {"APIHighErrorRate"}
    assert found(state="open", text="apihigh") == set()


def test_a_long_list_comes_in_parts_that_keep_the_filter(console, monkeypatch):
    monkeypatch.setattr(incident_pages, "AT_ONCE", 2)
    for number in range(3):
        console.office.desk.receive([alert(name=f"Fault{number}", system=f"system-{number}")])
        console.work()

    page = console.get("/incidents?text=Fault")
    (following,) = [url for url in page.ways if "before=" in url]

    assert following.startswith("/incidents?text=Fault&before=inc_")
    assert "Fault0" in console.get(following).text
    assert "Fault2" not in console.get(following).text
