"""How many sessions a device carries, and what 10, 1,000 and 100,000 of them need (docs/scale.md).

    python scripts/sizing.py                                  # this machine, embedded model: measured, checked
    python scripts/sizing.py --frame-ms 25 --device-gib 24    # another device, by the ms that bench.py says
    python scripts/sizing.py --device-price 1.2 --out-price 0.02

Prints tables for people and JSON on the last line.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

import numpy as np
from sizes.model import Engine, Fleet, Wish, fleet, fps_of, per_device

SESSIONS = (10, 1_000, 100_000)
CHECKED = (1, 2, 4)


def main() -> None:
    options = _options()
    model, config, pictures = _loaded(options)
    engine = _engine(options, model, config, pictures)
    wish = Wish(options.fps, line_bits=options.line_gbit * 1e9)
    each = per_device(engine, wish)
    print(
        f"one engine: {engine.frame_s * 1000:.1f} ms a frame, {engine.shared_bytes / 2**20:.0f} MiB once and "
        f"{engine.session_bytes / 2**20:.0f} MiB a session; {engine.bytes_in / 1000:.1f} kB a picture"
    )
    print(
        f"sessions of a device at {wish.fps:g} fps: {each.sessions} (time {each.time}, memory {each.memory}, "
        f"line {each.line})"
    )
    report: dict[str, Any] = {"engine": asdict(engine), "wish": asdict(wish), "per_device": asdict(each)}
    if options.frame_ms is None:
        report["check"] = _check(model, config, pictures, engine, options)
        report["batched_ms_per_row"] = _batched(model, config)
    if each.sessions:
        fleets = [
            fleet(number, engine, wish, device_price=options.device_price, out_price=options.out_price)
            for number in SESSIONS
        ]
        _tell_fleets(fleets)
        report["fleets"] = [asdict(one) for one in fleets]
    print(json.dumps(report))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--size", default="256x256", help="of the engine")
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--fps", type=float, default=12.0, help="styled pictures a second of a session")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of the engine, as a replica has them")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--frame-ms", type=float, help="of another device; measured here where it is left out")
    parser.add_argument("--device-gib", type=float, help="memory of another device")
    parser.add_argument("--line-gbit", type=float, default=10.0, help="Gbit/s of the device's line")
    parser.add_argument("--device-price", type=float, help="of a device for an hour, in any currency")
    parser.add_argument("--out-price", type=float, default=0.0, help="of a gigabyte that leaves")
    return parser.parse_args()


def _loaded(options: argparse.Namespace) -> tuple[Any, Any, list[Any]]:
    from benchmarks.clip import moving_clip
    from streamv2v_cam.engine.worker_shared import SharedModel

    from streamv2v import StreamConfig

    width, height = map(int, options.size.split("x"))
    config = StreamConfig(model=options.model, width=width, height=height, slots=options.slots, acceleration="none")
    pictures = [np.ascontiguousarray(picture) for picture in moving_clip(width, height)]
    return SharedModel(config, threads=options.threads), config, pictures


def _engine(options: argparse.Namespace, model: Any, config: Any, pictures: list[Any]) -> Engine:
    from sizes.measured import frame_seconds, picture_bytes
    from streamv2v_cam.engine.remote.fleet.admission import session_bytes, shared_bytes

    needs = model.needs(config)
    bytes_each = picture_bytes(pictures, config)
    device_bytes = model.free_bytes if options.device_gib is None else int(options.device_gib * 2**30)
    frame_s = options.frame_ms / 1000 if options.frame_ms else frame_seconds(model, config, pictures, 60)
    return Engine(frame_s, shared_bytes(needs), session_bytes(needs), device_bytes, bytes_each, bytes_each)


def _check(model: Any, config: Any, pictures: list[Any], engine: Engine, options: argparse.Namespace) -> list[Any]:
    """Rates that the model says beside those that were measured."""
    from sizes.measured import CAMERA_FPS, rates

    rows = []
    print("sessions | fps each, model | fps each, measured | of the model | slowest of the quickest")
    for number in CHECKED:
        found = rates(model, config, pictures, number, options.seconds)
        said, mean = fps_of(number, engine, CAMERA_FPS), sum(found) / len(found)
        rows.append({"sessions": number, "model_fps": said, "fps": found, "share": mean / said})
        fair = min(found) / max(found)
        print(f"{number:8} | {said:15.2f} | {mean:18.2f} | {mean / said:11.0%} | {fair:.0%}")
    return rows


def _batched(model: Any, config: Any) -> dict[int, float]:
    from sizes.measured import batched_ms

    found = batched_ms(model, config, (1, 2, 4), 12)
    print("U-Net, ms of a row: " + ", ".join(f"{rows} at a time {ms:.1f}" for rows, ms in found.items()))
    return found


def _tell_fleets(fleets: list[Fleet]) -> None:
    print("sessions | seats | devices | Mbit/s in | Mbit/s out | cost an hour")
    for one in fleets:
        cost = "no price given" if one.cost is None else f"{one.cost:,.2f}"
        print(
            f"{one.sessions:8,} | {one.seats:,} | {one.devices:,} | {one.in_bits / 1e6:,.0f} | "
            f"{one.out_bits / 1e6:,.0f} | {cost}"
        )


if __name__ == "__main__":
    main()
