"""A small Hub on 127.0.0.1: enough of its protocol for the real huggingface_hub to download."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLDER_COMMIT = "89abcdef0123456789abcdef0123456789abcdef"


@dataclass
class HubServer:
    """What the server holds, how it misbehaves, and what it was asked."""

    files: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    """(repo, commit, file) -> content."""

    gated: set[str] = field(default_factory=set)
    """Repositories whose terms nobody accepted."""

    broken_status: int | None = None
    """Answer everything with this status."""

    cut_after_bytes: list[int] = field(default_factory=list)
    """For each of the next downloads: hang up after so many bytes."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of every request for a file, in order."""

    ranges: list[str | None] = field(default_factory=list)
    """The Range header of every download, in order."""

    url: str = ""

    def add(self, repo: str, file: str, content: bytes, *, commit: str = COMMIT) -> None:
        self.files[repo, commit, file] = content


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: HubServer

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, *args: Any) -> None:
        """Keep the test output clean."""

    def _answer(self, *, with_body: bool) -> None:
        # /OWNER/REPO/resolve/REVISION/FILE; the library asks for other things only in passing.
        parts = unquote(self.path.split("?")[0]).strip("/").split("/", 4)
        if len(parts) != 5 or parts[2] != "resolve":
            self._refuse(404, "EntryNotFound")
            return
        self.hub.requests.append((self.command, self.path))
        repo, revision, file = "/".join(parts[:2]), parts[3], parts[4]
        commit = COMMIT if revision == "main" else revision
        commits = {known for held, known, _ in self.hub.files if held == repo}
        if self.hub.broken_status is not None:
            self._refuse(self.hub.broken_status, "")
        elif repo in self.hub.gated:
            self._refuse(403, "GatedRepo")
        elif not commits:
            self._refuse(401, "RepoNotFound")
        elif commit not in commits:
            self._refuse(404, "RevisionNotFound")
        elif (repo, commit, file) not in self.hub.files:
            self._refuse(404, "EntryNotFound", commit=commit)
        else:
            self._send(self.hub.files[repo, commit, file], commit, with_body=with_body)

    def _refuse(self, status: int, code: str, *, commit: str = "") -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        if commit:
            self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, content: bytes, commit: str, *, with_body: bool) -> None:
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        body = content[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("X-Repo-Commit", commit)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(body)))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if not with_body:
            return
        self.hub.ranges.append(wanted)
        if self.hub.cut_after_bytes:
            body = body[: self.hub.cut_after_bytes.pop(0)]
            self.close_connection = True
        self.wfile.write(body)


@contextmanager
def running_hub() -> Iterator[HubServer]:
    """Serve an empty Hub until the block ends."""
    hub = HubServer()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
