"""One connection to OBS: what it makes of late answers, refusals, passwords, and what it never says."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from patience import until
from plugin.obs.peer import Peer, Slow, version
from streamv2v_cam.obs.errors import ObsPasswordWrong, ObsUnreachable, RequestRefused
from streamv2v_cam.obs.owner import ObsThread
from streamv2v_cam.obs.secrecy import Redaction, redact
from streamv2v_cam.obs.session import ObsAddress, ObsSession


def address(peer: Peer, password: str = "right") -> ObsAddress:
    return ObsAddress("127.0.0.1", peer.port, password)


def test_a_late_answer_is_never_taken_for_the_answer_of_the_next_question():
    with Peer(Slow(1.0)) as peer:
        session = ObsSession(address(peer), timeout_s=0.3)
        assert session.request("First")["asked"] == "First"
        with pytest.raises(ObsUnreachable, match="did not answer Slow"):
            session.request("Slow")
        with pytest.raises(ObsUnreachable, match="closed"):
            session.request("Second")
        assert not session.alive
        session.close()
        again = ObsSession(address(peer), timeout_s=2.0)
        assert again.request("Second")["asked"] == "Second"
        again.close()


def test_an_answer_to_another_question_ends_the_session():
    def swapped(name: str, data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return 100, version()

    with Peer(swapped) as peer:
        session = ObsSession(address(peer))
        session._requests.base_client.ws.send(
            '{"op": 6, "d": {"requestType": "Earlier", "requestId": "7", "requestData": {}}}'
        )
        with pytest.raises(ObsUnreachable):
            session.request("Later")
        session.close()


def test_an_obs_that_is_not_ready_is_asked_again():
    codes = [207, 207]

    def answer(name: str, data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return (codes.pop(), {}) if codes else (100, version())

    with Peer(answer) as peer:
        session = ObsSession(address(peer))
        assert session.version == "30.2.3" and not codes
        session.close()


def test_a_refused_request_leaves_the_session_in_order():
    with Peer(lambda name, data: (600, {}) if name == "Wrong" else (100, version())) as peer:
        session = ObsSession(address(peer))
        with pytest.raises(RequestRefused, match="Wrong") as refusal:
            session.request("Wrong")
        assert refusal.value.code == 600 and session.alive
        assert session.request("GetVersion")["obsVersion"]
        session.close()


def test_settings_events_are_expected_only_of_an_obs_that_has_them():
    with Peer(lambda name, data: (100, version(availableRequests=["GetSourceFilterKindList"]))) as peer:
        session = ObsSession(address(peer))
        assert session.has_settings_events
        session.close()
    with Peer(lambda name, data: (100, version())) as peer:
        session = ObsSession(address(peer))
        assert not session.has_settings_events
        session.close()


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_or_missing_password_is_said_with_the_way_to_put_it_right(password: str):
    with Peer(Slow(0)) as peer, pytest.raises(ObsPasswordWrong, match="streamv2v-cam obs password"):
        ObsSession(address(peer, password))


def test_nobody_there_is_said_with_what_to_start():
    from obs.headless import free_port

    with pytest.raises(ObsUnreachable, match=r"Start OBS and tick Tools > WebSocket Server Settings"):
        ObsSession(ObsAddress("127.0.0.1", free_port()))


def test_the_password_is_in_no_log_and_no_message_even_when_everything_is_logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    secret = "hunter2-hunter2"
    caplog.set_level(logging.DEBUG)
    with Peer(Slow(1.0), password=secret) as peer:
        said: list[str] = []
        for given in (secret, "not-" + secret):
            try:
                session = ObsSession(address(peer, given), lambda name, data: None, timeout_s=0.3)
                said += [repr(session), repr(session.address), str(session.address)]
                session.request("Slow")
            except (ObsUnreachable, ObsPasswordWrong) as error:
                said += [str(error), repr(error)]
    out, err = capfd.readouterr()
    assert len(said) == 7
    assert secret not in "".join([*said, caplog.text, out, err])


def test_redaction_hides_secrets_in_arguments_and_tracebacks():
    shown: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown.append(self.format(record))

    logger = logging.getLogger("streamv2v_cam_redaction_test")
    logger.addHandler(Keep())
    redact("s3cret", loggers=(logger.name,))
    try:
        raise ValueError("with s3cret inside")
    except ValueError:
        logger.exception("given %s", "s3cret")
    assert shown and "s3cret" not in shown[0] and "********" in shown[0] and "ValueError" in shown[0]
    assert Redaction().filter(logging.makeLogRecord({"msg": "nothing to hide"}))


class Noting:
    """A part that notes what it is told, and what it is to do wrong."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.connections, self.ticks = 0, 0
        self.fault = fault

    def connected(self, session: ObsSession) -> None:
        self.connections += 1

    def event(self, session: ObsSession, name: str, data: Any) -> None: ...

    def tick(self, session: ObsSession, now_s: float) -> None:
        self.ticks += 1
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault


def test_a_fault_in_a_part_begins_a_new_connection_and_does_not_end_the_thread():
    part = Noting(ValueError("a fault"))
    with Peer(Slow(0)) as peer:
        owner = ObsThread(address(peer), [part])
        owner.start()
        assert until(lambda: part.connections == 2 and part.ticks > 3)
        owner.stop()


def test_a_refusal_of_one_part_ends_neither_the_connection_nor_the_others():
    other = Noting()
    part = Noting(RequestRefused("Wrong", 600, ""))
    with Peer(Slow(0)) as peer:
        owner = ObsThread(address(peer), [part, other])
        owner.start()
        assert until(lambda: part.ticks > 3 and other.ticks > 3)
        assert part.connections == 1
        owner.stop()


def test_after_a_wrong_password_it_waits_long_and_then_takes_the_corrected_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("streamv2v_cam.obs.owner.LONGEST_PAUSE_S", 0.5)
    given = ["wrong"]
    with Peer(Slow(0)) as peer:
        owner = ObsThread(address(peer, ""), [], password=lambda: given[-1])
        owner.start()
        assert until(lambda: "refused the password" in owner.status.reason)
        began_s = time.monotonic()
        given.append("right")
        assert until(lambda: owner.status.connected)
        assert time.monotonic() - began_s > 0.2
        assert owner.status.reason == ""
        owner.stop()
