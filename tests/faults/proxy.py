"""A TCP proxy that can lose every packet, as a network does that is cut in two."""

import asyncio
import ctypes
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SO_ATTACH_FILTER = 26
_RETURN_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)


def _lose_packets(file: int) -> None:
    """Let the kernel drop what arrives at a socket before it is acknowledged."""
    program = ctypes.create_string_buffer(_RETURN_NOTHING)
    with socket.socket(fileno=os.dup(file)) as own:
        own.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program))
        )


class Proxy:
    """Forwards connections from `port` of 127.0.0.1 to another port, until `cut`."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets = {self._listener.fileno()}
        self._forwarding: set[asyncio.Task[None]] = set()
        self.ready = threading.Event()

    def cut(self) -> None:
        """From now on no packet arrives, in either direction, and none is answered."""
        for file in self._sockets:
            _lose_packets(file)

    async def serve(self) -> None:
        """Forward until `stop`."""
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, sock=self._listener)
        self.ready.set()
        await self._end.wait()
        server.close()

    def stop(self) -> None:
        """Forward no more; what is open is closed."""
        self._loop.call_soon_threadsafe(self._end.set)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._forwarding.add(self._loop.create_task(self._forward(reader, writer)))

    async def _forward(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target_port)
        for writer in (to_client, to_server):
            self._sockets.add(writer.get_extra_info("socket").fileno())
        await asyncio.gather(self._copy(from_client, to_server), self._copy(from_server, to_client))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._sockets.discard(writer.get_extra_info("socket").fileno())
            writer.close()


@contextmanager
def proxy(target_port: int) -> Iterator[Proxy]:
    """A proxy in a thread of its own."""
    proxy = Proxy(target_port)
    thread = threading.Thread(target=lambda: asyncio.run(proxy.serve()))
    thread.start()
    proxy.ready.wait(10)
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join(10)
