"""The cable between one exam computer and the box, as a TCP relay that a test can pull out and put back."""

import contextlib
import socket
import threading


class Cable:
    """Relays 127.0.0.1:`port` to the box. Pulled out, nothing passes and nothing is answered, as with a real one."""

    def __init__(self, box_port: int, address: str = "127.0.0.1") -> None:
        self._box_port, self._address = box_port, address
        self._whole = threading.Event()
        self._whole.set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self) -> None:
        """Nothing passes from now on."""
        self._whole.clear()

    def plug(self) -> None:
        """Everything that still waits passes."""
        self._whole.set()

    def close(self) -> None:
        """Take no more connections."""
        self._whole.set()
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def _relay(self, near: socket.socket) -> None:
        self._whole.wait()
        with near, contextlib.suppress(OSError):
            far = socket.create_connection(("127.0.0.1", self._box_port), source_address=(self._address, 0))
            with far:
                back = threading.Thread(target=self._pass, args=(far, near), daemon=True)
                back.start()
                self._pass(near, far)
                back.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._whole.wait()
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
