"""A small OBS that misbehaves as the real one can: late answers, not ready, a wrong password, a hang."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from websockets.sync.server import ServerConnection, serve

SALT, CHALLENGE = "salt", "challenge"

Answer = Callable[[str, dict[str, Any]], tuple[int, dict[str, Any]]]


class Peer:
    """Speaks obs-websocket 5 on a free port.

    Args:
        password: what it wants.
        answer: code and data for a request, from its name and data; may take its time.
    """

    def __init__(self, answer: Answer, *, password: str = "right") -> None:
        self.password, self._answer = password, answer
        self.refused = 0
        self.connections = 0
        self._server = serve(self._serve, "127.0.0.1", 0, close_timeout=0.2)
        self.port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()

    def _serve(self, socket: ServerConnection) -> None:
        auth = {"salt": SALT, "challenge": CHALLENGE}
        socket.send(json.dumps({"op": 0, "d": {"rpcVersion": 1, "authentication": auth}}))
        if json.loads(socket.recv())["d"].get("authentication") != self._expected():
            self.refused += 1
            socket.close(4009, "Authentication failed.")
            return
        self.connections += 1
        socket.send(json.dumps({"op": 2, "d": {"negotiatedRpcVersion": 1}}))
        for text in socket:
            asked = json.loads(text)["d"]
            code, data = self._answer(asked["requestType"], asked.get("requestData", {}))
            status = {"result": code == 100, "code": code}
            answer = {"requestType": asked["requestType"], "requestId": asked["requestId"]}
            socket.send(json.dumps({"op": 7, "d": answer | {"requestStatus": status, "responseData": data}}))

    def _expected(self) -> str:
        secret = base64.b64encode(hashlib.sha256((self.password + SALT).encode()).digest())
        return base64.b64encode(hashlib.sha256(secret + CHALLENGE.encode()).digest()).decode()


def version(**more: Any) -> dict[str, Any]:
    """What GetVersion answers."""
    return {"obsVersion": "30.2.3", "obsWebSocketVersion": "5.5.2", "availableRequests": ["GetVersion"], **more}


class Slow:
    """Answers with its own question; the first `Slow` request takes `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = [seconds]

    def __call__(self, name: str, data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if name == "Slow" and self._seconds:
            time.sleep(self._seconds.pop())
        return 100, version(asked=name)
