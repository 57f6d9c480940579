"""Mails that come back, as mail servers of the field write them, and what else comes to such a mailbox.

`RETURNED` stands where the headers of the mail that came back stand, `{to}` where its return path does.
"""

POSTFIX = b"""Return-Path: <>
Received: by mx.utility.example (Postfix) id 4B1; Mon, 2 Feb 2026 09:00:01 +0800 (CST)
Date: Mon, 2 Feb 2026 09:00:01 +0800 (CST)
From: MAILER-DAEMON@mx.utility.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4B1.1769994001/mx.utility.example"
Message-Id: <20260202010001.4B1@mx.utility.example>

This is a MIME-encapsulated message.

--4B1.1769994001/mx.utility.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.utility.example.

<li@example.org>: host mail.example.org[192.0.2.7] said: 550 5.1.1 <li@example.org>: Recipient address rejected: User unknown

--4B1.1769994001/mx.utility.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.utility.example
X-Postfix-Queue-ID: 4B1
X-Postfix-Sender: rfc822; bills@utility.example
Arrival-Date: Mon,  2 Feb 2026 09:00:00 +0800 (CST)

Final-Recipient: rfc822; li@example.org
Original-Recipient: rfc822;li@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.org
Diagnostic-Code: smtp; 550 5.1.1 <li@example.org>: Recipient address
    rejected: User unknown

--4B1.1769994001/mx.utility.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

RETURNED
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

5bqU57y055S16LS5

--4B1.1769994001/mx.utility.example--
"""

EXIM = b"""Received: from Debian-exim by mail.example.org with local (Exim 4.96)
\tid 1vmXyZ-0001aB-2c; Mon, 02 Feb 2026 01:00:03 +0000
X-Failed-Recipients: li@example.org
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mail.example.org>
To: {to}
References: <someone-elses@example.org>
Content-Type: multipart/report; report-type=delivery-status; boundary=1769994003-eximdsn-1804289383
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1vmXyZ-0001aB-2c@mail.example.org>
Date: Mon, 02 Feb 2026 01:00:03 +0000

--1769994003-eximdsn-1804289383
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  li@example.org
    mailbox is full: retry timeout exceeded

--1769994003-eximdsn-1804289383
Content-type: message/delivery-status

Reporting-MTA: dns; mail.example.org

Action: {action}
Final-Recipient: rfc822;li@example.org
Status: {status}

--1769994003-eximdsn-1804289383
Content-type: message/rfc822

Return-path: <bills@utility.example>
Received: from mx.utility.example ([192.0.2.3])
\tby mail.example.org with esmtps (Exim 4.96)
RETURNED

5bqU57y055S16LS5

--1769994003-eximdsn-1804289383--
"""

EXCHANGE = b"""Received: from SHAPR01MB0001.apcprd01.prod.exchangelabs.com (2603:1096::1) by
 SHAPR01MB0002.apcprd01.prod.exchangelabs.com with HTTPS; Mon, 2 Feb 2026 01:00:05 +0000
MIME-Version: 1.0
From: <postmaster@firm.example>
To: <{to}>
Date: Mon, 2 Feb 2026 01:00:05 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="8ee6d1e4-2c5a-4b8f-9d3e-0b6f1d5d7a11"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: zh-CN
Message-ID: <9f0c-ndr@SHAPR01MB0001.apcprd01.prod.exchangelabs.com>
Subject: =?gb2312?B?zrSzydfKtKvL5Dq159fTytXB0A==?=
Auto-Submitted: auto-replied

--8ee6d1e4-2c5a-4b8f-9d3e-0b6f1d5d7a11
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="b1d7c7d5-8b6c-4b41-8d3b-6f0a4a8e7a10"

--b1d7c7d5-8b6c-4b41-8d3b-6f0a4a8e7a10
Content-Type: text/plain; charset="gb2312"
Content-Transfer-Encoding: quoted-printable

=CE=B4=B4=AB=B5=DD: li@firm.example

--b1d7c7d5-8b6c-4b41-8d3b-6f0a4a8e7a10
Content-Type: text/html; charset="gb2312"

<html><body>li@firm.example</body></html>

--b1d7c7d5-8b6c-4b41-8d3b-6f0a4a8e7a10--

--8ee6d1e4-2c5a-4b8f-9d3e-0b6f1d5d7a11
Content-Type: message/delivery-status

Reporting-MTA: dns;SHAPR01MB0001.apcprd01.prod.exchangelabs.com
Received-From-MTA: dns;mx.utility.example
Arrival-Date: Mon, 2 Feb 2026 01:00:04 +0000

Final-Recipient: rfc822;li@firm.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient li@firm.example not found by SMTP address lookup

--8ee6d1e4-2c5a-4b8f-9d3e-0b6f1d5d7a11
Content-Type: text/rfc822-headers

Received: from mx.utility.example (192.0.2.3) by
 SG2APC01FT001.mail.protection.outlook.com with Microsoft SMTP Server; Mon, 2 Feb 2026 01:00:04 +0000
RETURNED

--8ee6d1e4-2c5a-4b8f-9d3e-0b6f1d5d7a11--
"""

AUTOREPLY = b"""From: Li Ming <li@example.org>
To: bills@utility.example
Subject: =?utf-8?B?5LyR5YGH5Lit?=
In-Reply-To: {message_id}
Auto-Submitted: auto-replied (vacation)
Content-Type: text/plain; charset=utf-8

I am away until March. Action: failed Status: 5.1.1
"""

QUESTION = b"""From: Li Ming <li@example.org>
To: bills@utility.example
Subject: Re: bill
In-Reply-To: {message_id}
Content-Type: text/plain; charset=gb18030

\xce\xd2\xb5\xc4\xd5\xcb\xb5\xa5
"""

SHAPES = {"postfix": POSTFIX, "exim": EXIM, "exchange": EXCHANGE}


def returned(message_id: str, subject: str = "=?utf-8?b?55S16LS56LSm5Y2V?=") -> bytes:
    """Return the headers of a mail of ours, as a report shows them."""
    head = f"From: bills@utility.example\nTo: li@example.org\nSubject: {subject}\nMessage-ID: {message_id}"
    return f"{head}\nAuto-Submitted: auto-generated".encode()


def report(
    shape: str,
    message_id: str = "",
    *,
    action: str = "failed",
    status: str = "5.1.1",
    to: str = "bills@utility.example",
    headers: bytes | None = None,
) -> bytes:
    """Return a report about the mail of a Message-ID; `headers`: what it returns of it instead."""
    text = SHAPES[shape].replace(b"RETURNED", returned(message_id) if headers is None else headers)
    for name, value in (("action", action), ("status", status), ("to", to)):
        text = text.replace(b"{%s}" % name.encode(), value.encode())
    return text.replace(b"\n", b"\r\n")


def reply(text: bytes, message_id: str) -> bytes:
    return text.replace(b"{message_id}", message_id.encode()).replace(b"\n", b"\r\n")
