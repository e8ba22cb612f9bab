"""What cameras see at the first run goes no further than the live picture may go."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import httpx
import pytest
from plugin.control.conftest import make_stage
from streamv2v_cam.control.limits import Limits
from streamv2v_cam.control.routes import make_application


class Asking:
    """Asks, and has a picture of every camera."""

    wanted = True

    def questions(self):
        return {"wanted": True, "cameras": [], "models": [], "obs": False}

    def thumbnail(self, id):
        return b"\xff\xd8picture\xff\xd9"

    def answer(self, **given):
        return []


@pytest.mark.parametrize(
    ("host", "lan_picture", "status"),
    [("127.0.0.1", False, 200), ("192.168.1.5", False, 403), ("192.168.1.5", True, 200)],
)
def test_a_thumbnail_leaves_the_machine_only_with_the_live_picture(
    host: str, lan_picture: bool, status: int, tmp_path: Path
) -> None:
    stage = make_stage(tmp_path)
    stage.desk.welcome = Asking()
    app = make_application(
        stage.desk,
        threading.Event(),
        token=stage.token,
        limits=Limits(),
        redeem=lambda ticket: None,
        lan_picture=lan_picture,
    )

    async def ask() -> int:
        transport = httpx.ASGITransport(app=app, client=(host, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://cam") as client:
            return (await client.get("/api/welcome/cameras/c0ffee")).status_code

    assert asyncio.run(ask()) == status
