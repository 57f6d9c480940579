"""A mail server that takes everything and counts it, so that the demo needs none. Not for anything else."""

import asyncio
from collections import Counter

LINE_BYTES_MAX = 1 << 20
COMMAND_SECONDS_MAX = 60


class Mailbox:
    """Listens on a free port of this machine; `messages` counts mails by Message-ID, `recipients` by address.

    Who begins with `unknown` is refused: nobody has that mailbox.
    """

    def __init__(self, unknown: str = "gone") -> None:
        self.unknown = unknown
        self.messages: Counter[str] = Counter()
        self.recipients: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LINE_BYTES_MAX)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        # hung up, not cancelled: asyncio's streams log a handler that was cancelled as an error
        for writer in self._talks.values():
            writer.close()
        await asyncio.gather(*self._talks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks[task] = writer
        try:
            await self._talk(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            pass  # the client went away
        finally:
            del self._talks[task]
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 demo mailbox\r\n")
        to: list[str] = []
        while True:
            async with asyncio.timeout(COMMAND_SECONDS_MAX):
                line = await reader.readuntil(b"\r\n")
            match line[:4].upper():
                case b"EHLO" | b"HELO":
                    writer.write(b"250 demo mailbox\r\n")
                case b"RCPT":
                    address = line.partition(b":")[2].strip(b" <>\r\n").decode()
                    known = not address.startswith(f"{self.unknown}-")
                    to += [address] if known else []
                    writer.write(b"250 OK\r\n" if known else b"550 5.1.1 nobody here\r\n")
                case b"DATA":
                    writer.write(b"354 go ahead\r\n")
                    self._keep(await reader.readuntil(b"\r\n.\r\n"), to)
                    to = []
                    writer.write(b"250 OK\r\n")
                case b"RSET":
                    to = []
                    writer.write(b"250 OK\r\n")
                case b"QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case _:
                    writer.write(b"250 OK\r\n")

    def _keep(self, mail: bytes, to: list[str]) -> None:
        head = mail.partition(b"\r\n\r\n")[0]
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"message-id:"):
                self.messages[line.partition(b":")[2].strip().decode()] += 1
        self.recipients.update(to)
