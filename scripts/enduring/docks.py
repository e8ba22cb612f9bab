"""A process with docks before a running program: each follows the events and watches the live picture.

Reads the token from its first line of stdin, says "there" on stdout once all are open, and ends with stdin. With
--pages they are the program's own page in Chromium, through Playwright.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import shutil
import sys
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

CHUNK = 1 << 16
SIZE = {"width": 360, "height": 760}


def main() -> None:
    """Open what was asked for and stay."""
    asking = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asking.add_argument("--number", type=int, default=2)
    asking.add_argument("--port", type=int, required=True)
    asking.add_argument("--pages", action="store_true")
    asked = asking.parse_args()
    token = sys.stdin.readline().strip()
    (pages if asked.pages else listeners)(asked.number, asked.port, token)


def listeners(number: int, port: int, token: str) -> None:
    """Docks without a browser: what a page asks of the program, without the cost of drawing it."""
    for _ in range(number):
        for work in (_follow, _view):
            threading.Thread(target=work, args=(port, token), daemon=True).start()
    print("there", flush=True)
    sys.stdin.read()


def pages(number: int, port: int, token: str) -> None:
    """The page itself, so many times."""
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.exit("error: no Chromium or Chrome is installed here")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(number):
            page = chromium.new_page(viewport=SIZE)  # type: ignore[arg-type]
            page.goto(f"http://127.0.0.1:{port}/#token={token}")
        print("there", flush=True)
        sys.stdin.read()
        chromium.close()


def _follow(port: int, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    # the program may end before its docks
    with (
        contextlib.suppress(ConnectionClosed),
        connect(f"ws://127.0.0.1:{port}/api/events", additional_headers=headers, proxy=None) as line,
    ):
        for _ in line:
            pass


def _view(port: int, token: str) -> None:
    asking = http.client.HTTPConnection("127.0.0.1", port)
    asking.request("GET", "/api/stream", headers={"Authorization": f"Bearer {token}"})
    address = json.load(asking.getresponse())["air"]
    watching = http.client.HTTPConnection("127.0.0.1", port)
    watching.request("GET", address.partition(f":{port}")[2])
    answer = watching.getresponse()
    with contextlib.suppress(OSError, http.client.HTTPException):
        while answer.read1(CHUNK):
            pass


if __name__ == "__main__":
    main()
