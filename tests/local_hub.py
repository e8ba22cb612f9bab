"""A model hub on the loopback interface: enough of the protocol for one repository, files with ranges."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def etag(file: Path) -> str:
    """As a hub names what a file holds: weights by SHA-256, the rest by Git's SHA-1."""
    data = file.read_bytes()
    if file.suffix == ".safetensors":
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def entry(file: Path, folder: Path) -> dict[str, Any]:
    """One line of a repository's tree; weights are kept in LFS."""
    path, size, named = file.relative_to(folder).as_posix(), file.stat().st_size, etag(file)
    line = {"type": "file", "path": path, "size": size, "oid": named}
    if len(named) == 64:
        line |= {"oid": "0" * 40, "lfs": {"oid": named, "sha256": named, "size": size, "pointerSize": 130}}
    return line


class Answer(BaseHTTPRequestHandler):
    """One request to the hub; `hub` is set on the subclass the server is given."""

    hub: LocalHub

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def log_message(self, *_args: Any) -> None: ...

    def answer(self, *, body: bool) -> None:
        path, name = self.path.split("?")[0], self.hub.name
        self.hub.asked.append((path, self.headers.get("Range")))
        if path.startswith(f"/api/models/{name}"):
            return self.describe(path.removeprefix(f"/api/models/{name}").strip("/"))
        if path.startswith(f"/{name}/resolve/"):
            _revision, _, file = path.removeprefix(f"/{name}/resolve/").partition("/")
            if (self.hub.folder / file).is_file():
                return self.send_part(self.hub.folder / file, body)
            return self.refuse("EntryNotFound")
        return self.refuse("RepoNotFound")

    def describe(self, rest: str) -> None:
        kind, _, revision = rest.partition("/")
        if (revision.split("/")[0] or "main") not in (*self.hub.revisions, COMMIT):
            return self.refuse("RevisionNotFound")
        folder, name = self.hub.folder, self.hub.name
        tree = [entry(file, folder) for file in sorted(folder.rglob("*")) if file.is_file()]
        if kind == "tree":
            return self.send_json(tree)
        siblings = [
            {"rfilename": line["path"], "size": line["size"], "blobId": line["oid"], "lfs": line.get("lfs")}
            for line in tree
        ]
        return self.send_json({"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings})

    def send_json(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_part(self, file: Path, body: bool) -> None:
        data = file.read_bytes()
        if file.relative_to(self.hub.folder).as_posix() == self.hub.spoilt:
            data = bytes(byte ^ 1 for byte in data)
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{etag(file)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if body:
            self.hub.flowing.wait(30)
            part = data[start:]
            if self.hub.cut_after is not None and len(part) > self.hub.cut_after:
                part, self.hub.cut_after = part[: self.hub.cut_after], None
                self.close_connection = True
            self.wfile.write(part)


class LocalHub:
    """Serves `folder` as the repository `name`; `with LocalHub(...) as hub: hub.address`.

    Attributes:
        asked: paths asked for, with the range header where there was one.
        cut_after: bytes after which the next big download breaks off, once.
        flowing: cleared, what files hold is kept back.
        spoilt: path of a file that arrives with other bytes than it has.
    """

    def __init__(self, folder: Path, name: str, revisions: tuple[str, ...] = ("main", "v1")) -> None:
        self.folder, self.name, self.revisions = folder, name, revisions
        self.asked: list[tuple[str, str | None]] = []
        self.cut_after: int | None = None
        self.flowing = threading.Event()
        self.flowing.set()
        self.spoilt = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("OurAnswer", (Answer,), {"hub": self}))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> LocalHub:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
