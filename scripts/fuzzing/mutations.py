"""Ways to break a file: bytes anywhere, and the table of a weight file."""

from __future__ import annotations

import json
import random
from typing import Any


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """The bytes cut, flipped, exchanged or doubled in places."""
    data = bytearray(raw)
    kind = chance.randrange(4)
    if kind == 0:
        return bytes(data[: chance.randrange(len(data))])
    for _ in range(chance.choice((1, 4, 32)) if kind == 1 else 0):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    if kind >= 2:
        size = chance.randrange(1, max(2, len(data) // 8))
        first, second = (chance.randrange(max(1, len(data) - size)) for _ in range(2))
        piece = data[first : first + size]
        if kind == 2:
            data[first : first + size], data[second : second + size] = data[second : second + size], piece
        else:
            data[second:second] = piece
    return bytes(data)


def mutated_weights(raw: bytes, chance: random.Random) -> bytes:
    """Weights mutated anywhere, in their table alone, or with a table whose numbers and words are exchanged."""
    kind, length = chance.randrange(3), 8 + int.from_bytes(raw[:8], "little")
    if kind == 0:
        return mutated(raw, chance)
    if kind == 1:
        return mutated(raw[:length], chance) + raw[length:]
    table: dict[str, Any] = json.loads(raw[8:length])
    names = [name for name in table if name != "__metadata__"]
    for name in chance.sample(names, min(len(names), 2)):
        line = table.pop(name)
        key = chance.choice(("dtype", "shape", "data_offsets", "name", "gone"))
        new = {"dtype": chance.choice(("F16", "I64", "BOOL", "F8_E4M3", "X")), "shape": [2, -1], "data_offsets": [0, 4]}
        if key == "shape" and chance.random() < 0.7:
            new["shape"] = list(reversed(line["shape"]))
        if key != "gone":
            table[name[::-1] if key == "name" else name] = line | ({key: new[key]} if key in new else {})
    told = json.dumps(table).encode()
    return len(told).to_bytes(8, "little") + told + raw[length:]
