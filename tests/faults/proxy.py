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

    def cut(self) -> None:
        """From now on no packet arrives, in either direction, and none is answered."""
        for file in self._sockets:
            _lose_packets(file)

    async def serve(self) -> None:
        """Forward until cancelled."""
        server = await asyncio.start_server(self._forward, sock=self._listener)
        async with server:
            await server.serve_forever()

    async def _forward(self, *client: asyncio.StreamReader | asyncio.StreamWriter) -> None:
        server = await asyncio.open_connection("127.0.0.1", self._target_port)
        (from_client, to_client), (from_server, to_server) = client, server
        assert isinstance(from_client, asyncio.StreamReader)
        assert isinstance(to_client, asyncio.StreamWriter)
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
    loop, proxy = asyncio.new_event_loop(), Proxy(target_port)
    serving = loop.create_task(proxy.serve())
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.wait([serving])))
    thread.start()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join(10)
