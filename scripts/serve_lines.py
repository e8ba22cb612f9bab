"""What Ray Serve's proxy costs a line of pictures, beside a socket straight into the replica (docs/scale.md).

    python scripts/serve_lines.py
    python scripts/serve_lines.py --haproxy      # with Serve's other proxy, which speaks no TLS

Both over TLS with a certificate of our own where the proxy can; one replica sends every message back. Prints a table
for people and JSON on the last line.
"""

# Annotations are values here, not words: FastAPI reads them in a process that has no names of this script.

import argparse
import asyncio
import json
import os
import ssl
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

SIZES = (100, 15_000, 200_000)
"""Bytes of words, of a JPEG of 256x256 to 512x288, of a raw picture of 336x192."""
PROXY, STRAIGHT = 8898, 8899
PAUSE_S = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--haproxy", action="store_true")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    options = parser.parse_args()
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_SERVE_ENABLE_HA_PROXY": "1" if options.haproxy else "0"}
    folder = Path(tempfile.mkdtemp())
    _start(folder, tls=not options.haproxy)
    rows = []
    print("way      |   bytes | median ms | 95 % ms | messages/s, two under way")
    for way, port, tls in (("proxy", PROXY, not options.haproxy), ("straight", STRAIGHT, True)):
        for size in SIZES:
            rows.append({"way": way, "bytes": size, **asyncio.run(_timed(port, tls, size, options.seconds))})
            row = rows[-1]
            print(f"{way:8} | {size:7} | {row['median_ms']:9.1f} | {row['p95_ms']:7.1f} | {row['per_s']:.0f}")
    print(json.dumps({"haproxy": options.haproxy, "lines": rows}))


def _start(folder: Path, *, tls: bool) -> None:
    import ray  # pyright: ignore[reportMissingImports]
    from fastapi import FastAPI, WebSocket, WebSocketDisconnect
    from ray import serve  # pyright: ignore[reportMissingImports]
    from streamv2v_cam.engine.remote.certificate import CERTIFICATE, KEY, server_context

    server_context(folder, "measuring")
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, object_store_memory=128 << 20)
    api = FastAPI()

    @serve.deployment(max_ongoing_requests=4, ray_actor_options={"num_cpus": 0.1})
    @serve.ingress(api)
    class Echo:
        async def straight(self) -> None:
            from websockets.asyncio.server import serve as listen

            async def back(line: Any) -> None:
                async for message in line:
                    await line.send(message)

            context, _ = server_context(folder, "measuring")
            self.server = await listen(back, "127.0.0.1", STRAIGHT, ssl=context, compression=None)

        @api.websocket("/")
        async def proxied(self, line: WebSocket) -> None:
            await line.accept()
            try:
                while True:
                    await line.send_bytes(await line.receive_bytes())
            except WebSocketDisconnect:
                return

    application: Any = Echo
    files = {"ssl_certfile": str(folder / CERTIFICATE), "ssl_keyfile": str(folder / KEY)} if tls else {}
    serve.start(http_options={"host": "127.0.0.1", "port": PROXY, **files})
    serve.run(application.bind()).straight.remote().result()


async def _timed(port: int, tls: bool, size: int, seconds: float) -> dict[str, float]:
    from websockets.asyncio.client import connect

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    url = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/"
    async with connect(url, ssl=context if tls else None, compression=None, max_size=None, proxy=None) as line:
        data, ways_ms, until_s = os.urandom(size), [], time.monotonic() + seconds
        while time.monotonic() < until_s:
            sent_s = time.monotonic()
            await line.send(data)
            await line.recv()
            ways_ms.append((time.monotonic() - sent_s) * 1000)
            await asyncio.sleep(PAUSE_S)
        count, began_s = 0, time.monotonic()
        await line.send(data)
        while time.monotonic() - began_s < seconds:
            await line.send(data)
            await line.recv()
            count += 1
        per_s = count / (time.monotonic() - began_s)
    ways_ms.sort()
    late = ways_ms[int(0.95 * len(ways_ms))]
    return {"median_ms": statistics.median(ways_ms), "p95_ms": late, "per_s": per_s}


if __name__ == "__main__":
    main()
