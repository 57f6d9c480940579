"""The demo's mail server."""

import asyncio
import smtplib

from services.demo.mailbox import Mailbox


async def test_stopping_hangs_up_on_every_client_and_leaves_no_task_to_be_cancelled() -> None:
    mailbox = Mailbox()
    await mailbox.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", mailbox.port)
    assert (await reader.readline()).startswith(b"220")
    await mailbox.stop()
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_mail_is_counted_by_its_message_id_and_each_of_its_recipients() -> None:
    mailbox = Mailbox()
    await mailbox.start()

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=10) as client:
            client.sendmail("a@wattline.example", ["b@x.example", "c@x.example"], "Message-ID: <1>\r\n\r\nhello")

    await asyncio.to_thread(send)
    await mailbox.stop()
    assert (mailbox.messages, mailbox.recipients) == ({"<1>": 1}, {"b@x.example": 1, "c@x.example": 1})
