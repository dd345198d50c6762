"""A TCP proxy that breaks what it is told to break: a real one, on threads of its own."""

import socket
import threading
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

_MOST = 65_536


class Proxy:
    """Passes bytes on to a service and back.

    lose_answers: so many of the next answers are thrown away once the service has given them, with their connection.
    answered: all that came through from the service.
    """

    def __init__(self, address: str) -> None:
        self.target = address
        self.lose_answers = 0
        self.answered = b""
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._admit, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.cut()

    def cut(self) -> None:
        """Break every connection that is open."""
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _admit(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        host, port = self.target.removeprefix("http://").split(":")
        with closing(client), suppress(OSError), socket.create_connection((host, int(port))) as service:
            self._open |= {client, service}
            threading.Thread(target=self._pass, args=(client, service), daemon=True).start()
            self._pass(service, client, answers=True)
            self._open -= {client, service}

    def _pass(self, here: socket.socket, there: socket.socket, *, answers: bool = False) -> None:
        """Pass on until one side ends or an answer is lost; then end both, without a word."""
        with suppress(OSError):
            while piece := here.recv(_MOST):
                if answers and self.lose_answers:
                    self.lose_answers -= 1
                    break
                there.sendall(piece)
                if answers:
                    self.answered += piece
        for each in (here, there):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
