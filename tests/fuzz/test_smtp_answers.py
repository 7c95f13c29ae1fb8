"""Whatever a mail server answers: one of four outcomes, delivered only after its 2xx to the final dot."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sentinel.deliver.channel import Delivered, Later, Refused, Unclear
from sentinel.deliver.settings import Secret, SmtpSettings
from sentinel.deliver.smtp import SmtpChannel
from tests.effort import effort
from tests.fakes.stories import delivery
from tests.fuzz.mutations import spoilt
from tests.fuzz.wire import Smtp, listening

PASSWORD = "canary-of-the-fuzzer"
GOOD = (
    b"220 mail.test\r\n",
    b"250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n",
    b"235 yes\r\n",
    b"250 ok\r\n",
    b"250 ok\r\n",
    b"354 go\r\n",
)
GOOD_END = (b"250 queued\r\n", b"221 bye\r\n")
WITHOUT_LOGIN = (*GOOD[:1], b"250 mail.test\r\n", *GOOD[3:], *GOOD_END)
ODD = (
    b"",
    b"250\r\n",
    b"250 ok\r\n",
    b"251 elsewhere\r\n",
    b"354 go\r\n",
    b"421 closing\r\n",
    b"451 4.7.1 Greylisted\r\n",
    b"452 full\r\n",
    b"535 no " + PASSWORD.encode() + b"\r\n",
    b"550 5.1.1 no such user\r\n",
    b"550-two\r\n550 lines\r\n",
    b"250-one\r\n550 other\r\n",
    b"250-never ends\r\n",
    b"999 what\r\n",
    b"000 nothing\r\n",
    b"25x ok\r\n",
    b"ok\r\n",
    b"\r\n",
    b"250 \xff\xfe\x00\x1b[2J\r\n",
    b"250 ok\n",
    b"550 " + b"x" * 5000 + b"\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"-1 ok\r\n",
    "٢٥٠ ok\r\n".encode(),
)


@st.composite
def dialogues(draw: st.DrawFn) -> tuple[list[bytes], bool]:
    """What the server says in turn, and whether there is a login: good, with a few answers of it changed."""
    login = draw(st.booleans())
    replies = [*GOOD, *GOOD_END] if login else list(WITHOUT_LOGIN)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(replies) - 1))
        replies[at] = draw(st.one_of(st.sampled_from(ODD), spoilt(replies[at], 2)))
    return replies, login


def test_a_mail_is_delivered_only_when_the_server_took_it() -> None:
    server = Smtp()
    with asyncio.Runner() as runner:
        place = listening(server)
        runner.run(place.__aenter__())
        seen: set[type] = set()

        @effort(120)
        @given(dialogues())
        def check(given_: tuple[list[bytes], bool]) -> None:
            server.replies, server.taken = given_[0], 0
            told = runner.run(_sent(server, login=given_[1]))
            assert isinstance(told, Delivered | Later | Refused | Unclear)
            assert isinstance(told, Delivered) <= (server.taken > 0), given_
            assert not (server.taken and isinstance(told, Later)), "it would be offered again at once"
            words = told.note if isinstance(told, Delivered) else told.reason
            assert len(words) < 500
            assert words.isprintable()
            assert not given_[1] or PASSWORD not in words
            seen.add(type(told))

        check()
        assert seen == {Delivered, Later, Refused, Unclear}, "every outcome was met"
        runner.run(place.__aexit__(None, None, None))


async def _sent(server: Smtp, *, login: bool) -> Any:
    settings = SmtpSettings(
        host="127.0.0.1",
        port=server.port,
        sender="sentinel@example.com",
        security="none",
        username="u" if login else "",
        password=Secret(PASSWORD) if login else None,
        deadline=1.0,
    )
    return await SmtpChannel("ana@example.com", settings).send(delivery())
