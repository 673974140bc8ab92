"""A proxy between a client and a real HTTP server that does what networks and servers do on a bad day.

Every request asks `FaultProxy.plan` what shall happen to it; `seen` keeps what was asked and what was done, so that
tests can count requests. Writes reach the server one after the other: emulators check a precondition and write in two
steps.
"""

import random
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit


class Fault(Enum):
    """What goes wrong with one request."""

    NONE = auto()
    DELAY = auto()  # `FaultProxy.delay` seconds before it is passed on
    INTERNAL_ERROR = auto()  # 500, and the server never hears of it
    SLOW_DOWN = auto()  # 503, likewise
    CUT_REQUEST = auto()  # the connection ends in the middle of what the client sends; the server never hears of it
    CUT_ANSWER = auto()  # the connection ends in the middle of the answer's body
    LOST_ANSWER = auto()  # done by the server, and the connection ends without an answer
    FALSE_ERROR = auto()  # done by the server, and the client is told 500
    STALE_LIST = auto()  # a list is answered as it was answered before
    FLIPPED_BIT = auto()  # one bit of the answer's body is another


HARD: Final = tuple(fault for fault in Fault if fault not in {Fault.NONE, Fault.FLIPPED_BIT, Fault.STALE_LIST})
"""Those that a client can see for itself."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request: its place in the order of arrival (from 0), method, path with query, and what happened to it."""

    number: int
    method: str
    path: str
    fault: Fault


Plan = Callable[[int, str, str], Fault]
"""Number, method, path with query -> what goes wrong."""


def no_faults(_number: int, _method: str, _path: str) -> Fault:
    """Pass everything on."""
    return Fault.NONE


def first(*faults: Fault, methods: Iterable[str] = ("GET", "PUT", "POST", "DELETE", "HEAD")) -> Plan:
    """These faults, one after the other, for the first requests of these methods; none later."""
    rest = list(faults)
    wanted = set(methods)

    def plan(_number: int, method: str, _path: str) -> Fault:
        return rest.pop(0) if rest and method in wanted else Fault.NONE

    return plan


def always(fault: Fault, *, methods: Iterable[str] = ("GET", "PUT", "POST", "DELETE", "HEAD")) -> Plan:
    """The same fault for every request of these methods."""
    wanted = set(methods)
    return lambda _number, method, _path: fault if method in wanted else Fault.NONE


def at_random(seed: int, rate: float, faults: tuple[Fault, ...] = HARD) -> Plan:
    """One of these faults for this share of the requests."""
    dice = random.Random(seed)
    lock = Lock()

    def plan(_number: int, _method: str, _path: str) -> Fault:
        with lock:
            return dice.choice(faults) if dice.random() < rate else Fault.NONE

    return plan


@dataclass
class FaultProxy:
    """Listens on a free port of loopback from `with` on; `url` is where clients go instead of to the server."""

    server: tuple[str, int]
    plan: Plan = no_faults
    delay: float = 0.3
    seen: list[Seen] = field(default_factory=list)
    _lists: dict[str, bytes] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _writing: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        self._listener = _Listener(self)
        self._thread = Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.server_port}"

    def fault_for(self, method: str, path: str) -> Fault:
        with self._lock:
            number = len(self.seen)
            fault = self.plan(number, method, path)
            self.seen.append(Seen(number, method, path, fault))
        return fault

    def ask_server(self, method: str, path: str, headers: dict[str, str], body: bytes) -> "_Answer":
        if method in {"PUT", "POST", "DELETE"}:
            with self._writing:
                return _ask(self.server, method, path, headers, body)
        return _ask(self.server, method, path, headers, body)

    def as_before(self, path: str, body: bytes) -> bytes:
        """The body that a list of this path was answered with first."""
        with self._lock:
            return self._lists.setdefault(_without_page(path), body)

    def remember(self, path: str, body: bytes) -> None:
        if _is_list(path):
            with self._lock:
                self._lists.setdefault(_without_page(path), body)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def _ask(server: tuple[str, int], method: str, path: str, headers: dict[str, str], body: bytes) -> _Answer:
    connection = HTTPConnection(*server, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return _Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()


def _is_list(path: str) -> bool:
    query = parse_qs(urlsplit(path).query)
    return "list-type" in query or query.get("comp") == ["list"]


def _without_page(path: str) -> str:
    return path.partition("continuation-token")[0]


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, proxy: FaultProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that went away are no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def _handle(self) -> None:
        proxy = self.server.proxy
        fault = proxy.fault_for(self.command, self.path)
        if fault is Fault.CUT_REQUEST:
            self.rfile.read(self._length() // 2)
            self._hang_up()
            return
        body = self.rfile.read(self._length())
        if fault is Fault.DELAY:
            time.sleep(proxy.delay)
        if fault is Fault.INTERNAL_ERROR:
            self._send(_Answer(500, [], b"<Error><Code>InternalError</Code></Error>"))
        elif fault is Fault.SLOW_DOWN:
            self._send(_Answer(503, [], b"<Error><Code>SlowDown</Code></Error>"))
        else:
            self._pass_on(fault, body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815 - names that http.server looks for

    def _pass_on(self, fault: Fault, body: bytes) -> None:
        proxy = self.server.proxy
        try:
            answer = proxy.ask_server(self.command, self.path, dict(self.headers.items()), body)
        except (OSError, HTTPException):
            self._hang_up()
            return
        proxy.remember(self.path, answer.body)
        if fault is Fault.LOST_ANSWER:
            self._hang_up()
        elif fault is Fault.FALSE_ERROR:
            self._send(_Answer(500, [], b"<Error><Code>InternalError</Code></Error>"))
        elif fault is Fault.CUT_ANSWER:
            self._send(answer, cut=True)
        elif fault is Fault.FLIPPED_BIT and answer.body:
            self._send(_Answer(answer.status, answer.headers, _flipped(answer.body)))
        elif fault is Fault.STALE_LIST and _is_list(self.path):
            self._send(_Answer(answer.status, answer.headers, proxy.as_before(self.path, answer.body)))
        else:
            self._send(answer)

    def _length(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _send(self, answer: _Answer, *, cut: bool = False) -> None:
        self.send_response_only(answer.status)
        bodiless = self.command == "HEAD" or answer.status in {204, 304}
        for name, value in answer.headers:
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", _declared(answer) if bodiless else str(len(answer.body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
        if cut:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what fails."""


def _declared(answer: _Answer) -> str:
    return next((value for name, value in answer.headers if name.lower() == "content-length"), "0")


def _flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 0x10]) + body[middle + 1 :]
