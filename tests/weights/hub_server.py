"""A small Hub on 127.0.0.1: enough of its protocol for the real huggingface_hub to use it."""

import base64
import hashlib
import json
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

    token: str = "hf_of_a_writer"  # noqa: S105  # opens nothing
    """Whoever shows it may write."""

    private: dict[str, bool] = field(default_factory=dict)
    """Repositories that were made, and whether they are private."""

    stored: dict[str, bytes] = field(default_factory=dict)
    """Large files by sha256, whether a commit names them or not."""

    messages: list[str] = field(default_factory=list)
    """Of all commits, in order."""

    refuse_objects: bool = False
    """Take no large file."""

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

    def do_POST(self) -> None:
        content = self._read()
        path = unquote(self.path.split("?")[0])
        if self.hub.broken_status is not None:
            self._refuse(self.hub.broken_status, "")
        elif path == "/api/validate-yaml":
            text = json.loads(content)["content"]
            self._reply({"errors": [], "warnings": []} if text.startswith("---\n") else {}, 200)
        elif self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            self._refuse(401, "RepoNotFound")
        elif path == "/api/repos/create":
            self._create(json.loads(content))
        elif path.endswith("/info/lfs/objects/batch"):
            self._offer_uploads(json.loads(content))
        elif "/preupload/" in path:
            self._sort_uploads(json.loads(content))
        elif "/commit/" in path:
            self._commit(path, [json.loads(line) for line in content.splitlines()])
        else:
            self._refuse(404, "EntryNotFound")

    def do_PUT(self) -> None:
        content = self._read()
        if self.hub.refuse_objects:
            self._refuse(403, "")
            return
        self.hub.stored[self.path.rsplit("/", 1)[1]] = content
        self._reply({}, 200)

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _reply(self, values: dict[str, Any], status: int) -> None:
        body = json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _create(self, wanted: dict[str, Any]) -> None:
        repo = f"{wanted['organization']}/{wanted['name']}"
        if repo in self.hub.private:
            known = {"error": "You already created it", "url": f"{self.hub.url}/{repo}"}
            self._reply(known, 409)
            return
        self.hub.private[repo] = bool(
            wanted.get("visibility") == "private" or wanted.get("private")
        )
        self._reply({"url": f"{self.hub.url}/{repo}"}, 200)

    def _sort_uploads(self, wanted: dict[str, Any]) -> None:
        files = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular",
                "shouldIgnore": False,
            }
            for file in wanted["files"]
        ]
        self._reply({"files": files}, 200)

    def _offer_uploads(self, wanted: dict[str, Any]) -> None:
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.hub.url}/objects/{one['oid']}"}}}
            for one in wanted["objects"]
        ]
        self._reply({"transfer": "basic", "objects": objects}, 200)

    def _commit(self, path: str, lines: list[dict[str, Any]]) -> None:
        repo = "/".join(path.strip("/").split("/")[2:4])
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.hub.messages.append(value["summary"])
            elif line["key"] == "file":
                self.hub.add(repo, value["path"], base64.b64decode(value["content"]))
            elif line["key"] == "lfsFile":
                self.hub.add(repo, value["path"], self.hub.stored[value["oid"]])
        commit_url = f"{self.hub.url}/{repo}/commit/{COMMIT}"
        self._reply({"commitUrl": commit_url, "commitOid": COMMIT, "pullRequestUrl": None}, 200)

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
