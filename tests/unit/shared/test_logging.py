import json
import logging
import sys

import pytest

from shared import correlation
from shared import logging as logs


def line(**extra: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "shared.x", "levelno": 20, "levelname": "INFO", "msg": "x.done"} | extra)
    parsed: dict[str, object] = json.loads(logs.JsonFormatter().format(record))
    return parsed


def test_a_line_names_event_service_and_correlation_id() -> None:
    logs.service.set("billing")
    with correlation.use("c-1"):
        found = line(count=3)
    assert found | {"time": ""} == {
        "time": "",
        "level": "info",
        "service": "billing",
        "logger": "shared.x",
        "event": "x.done",
        "count": 3,
        "correlation_id": "c-1",
    }


def failure() -> BaseException:
    try:
        try:
            raise KeyError("13800000000")
        except KeyError as cause:
            raise ValueError("Zhang San") from cause
    except ValueError as error:
        return error


def test_an_exception_is_logged_by_classes_and_stack_without_its_text() -> None:
    error = failure()
    text = json.dumps(line(exc_info=(type(error), error, error.__traceback__)))
    assert "13800000000" not in text
    assert "Zhang" not in text
    found = json.loads(text)["exception"]
    assert [x["class"] for x in found] == ["builtins.ValueError", "builtins.KeyError"]
    assert found[0]["stack"][0].endswith("failure")


def test_an_object_given_as_an_extra_is_logged_as_its_class() -> None:
    assert line(error=ValueError("Zhang San"))["error"] == "ValueError"


def test_a_long_text_is_cut() -> None:
    assert len(str(line(msg="x" * 10_000)["event"])) == logs.TEXT_CHARACTERS_MAX


def test_a_failing_chain_without_end_is_cut() -> None:
    error: BaseException = ValueError()
    for _ in range(50):
        following = ValueError()
        following.__cause__ = error
        error = following
    assert len(logs.describe(error)) == 5


def test_configured_logs_go_to_standard_output_and_access_logs_nowhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    try:
        logs.configure("INFO")
        logging.getLogger("anything").info("x.done")
        logging.getLogger("uvicorn.access").info("GET /v1/accounts/0571")
        sys.stdout.flush()
        [only] = capsys.readouterr().out.splitlines()
        assert json.loads(only)["event"] == "x.done"
    finally:
        root.setLevel(level)
        logging.getLogger("uvicorn.access").disabled = False


def test_what_repeats_itself_is_told_once_a_minute_with_how_often_it_was_left_out() -> None:
    clock = [0.0]
    spare = logs.Sparing(now=lambda: clock[0])

    def told(msg: str, *, name: str = "aiokafka.client", **extra: object) -> list[int | None]:
        found = []
        for at in (0, 1, 59, 60, 61, 200):
            clock[0] = at
            record = logging.makeLogRecord({"name": name, "levelno": 30, "msg": msg} | extra)
            if spare.filter(record):
                found.append(getattr(record, "left_out", None))
        return found

    assert told("Unable connect to node with id %s: %s") == [None, 2, 1]
    assert told("of our own", name="shared.bus.relay", repeats=True) == [None, 2, 1]
    assert told("a fact was set aside", name="shared.bus.dead_letters") == [None] * 6
    logs.service.set("another")
    assert told("of our own", name="shared.bus.relay", repeats=True) == [None, 2, 1], "another service of this process"
