"""The names of the server: forwarded ports, proxies that were named and the local network; no other name."""

from __future__ import annotations

import pytest
from streamv2v_cam.control.guard import Refused, check_sender
from streamv2v_cam.control.names import Names, is_this_machine, lan_addresses, own_names

FORWARDED = [
    ("localhost:9000", "http://localhost:9000", True),
    ("127.0.0.1:9000", "http://127.0.0.1:9000", True),
    ("[::1]:9000", "http://[::1]:9000", True),
    ("localhost:9000", None, True),
    ("localhost:9000", "http://localhost:9001", False),
    ("localhost:9000", "http://localhost:{port}", False),
    ("localhost:9000", "https://localhost:9000", False),
    ("localhost:{port}", "http://localhost:9000", False),
    ("localhost:9000", "null", False),
]


@pytest.mark.parametrize(("host", "origin", "allowed"), FORWARDED)
def test_behind_a_forwarded_port_the_page_of_that_port_alone_is_let_in(stage, host, origin, allowed):
    sent = {"Host": host.format(port=stage.server.port)}
    if origin:
        sent["Origin"] = origin.format(port=stage.server.port)
    with stage.client() as client:
        assert client.patch("/api/controls", json={"seed": 6}, headers=sent).is_success is allowed


def test_behind_a_forwarded_port_the_picture_and_the_events_come_through_it(stage):
    names = Names(8765)
    check_sender(
        "GET", "/api/events", {"host": "localhost:9000", "origin": "http://localhost:9000"}, names, socket=True
    )
    with stage.client() as client:
        assert (
            client.get("/api/stream", headers={"Host": "localhost:9000"})
            .json()["air"]
            .startswith("http://localhost:9000/stream/")
        )


def test_another_machine_cannot_call_this_one_by_its_loopback_names():
    names = Names(8765, lan=True)
    assert names.mean("localhost:9000", near=True)
    assert not names.mean("localhost:9000", near=False)


def test_a_proxy_in_front_of_the_page_is_let_in_by_the_address_that_was_named_and_no_other():
    names = Names(8765, origins=["https://Cam.example.org"])
    for host in ("cam.example.org", "127.0.0.1:8765"):
        headers = {"host": host, "origin": "https://cam.example.org"}
        check_sender("PATCH", "/api/controls", headers, names, socket=False)
    for host, origin in (
        ("evil.example", "https://cam.example.org"),
        ("cam.example.org", "http://cam.example.org"),
        ("cam.example.org", "https://evil.example"),
        ("127.0.0.1:8765", "https://cam.example.org.evil.example"),
    ):
        with pytest.raises(Refused):
            check_sender("PATCH", "/api/controls", {"host": host, "origin": origin}, names, socket=False)


def test_a_person_before_a_browser_reads_a_refusal_and_a_program_gets_json(stage):
    with stage.client() as client:
        person = client.get("/", headers={"Host": "studio:9000", "Accept": "text/html,*/*"})
        program = client.get("/", headers={"Host": "studio:9000"})
    assert person.headers["content-type"].startswith("text/plain") and "control.origins" in person.text
    assert program.json()["error"] == person.text and person.status_code == program.status_code == 403


def test_only_port_80_may_be_left_out_of_the_host():
    assert "localhost" in own_names(80)
    assert "localhost" not in own_names(8765)


def test_the_addresses_of_the_network_are_names_only_when_it_may_come_in():
    for address in lan_addresses():
        assert f"{address}:8765" not in Names(8765)
        assert f"{address}:8765" in Names(8765, lan=True)
    assert "evil.example:8765" not in Names(8765, lan=True)


@pytest.mark.parametrize(
    ("address", "near"),
    [("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("192.168.1.5", False), ("testclient", False)],
)
def test_this_machine_is_told_from_others(address, near):
    assert is_this_machine(address) is near
