"""Who sees what of the notify service, and who may do what."""

from tests.kits.notify import BODY, Api, contact
from tests.kits.told_facts import issued


async def test_who_lacks_the_scope_is_refused(api: Api) -> None:
    reader = {"scopes": ("notify:read",)}
    assert await api.refused("PUT", "/v1/parties/c1", BODY, **reader) == (403, "auth.missing_scope")
    assert await api.refused("POST", "/v1/notices/n1/resend", {"reason": "x"}, **reader) == (403, "auth.missing_scope")
    assert await api.refused("GET", "/v1/notices", scopes=("billing:read",)) == (403, "auth.missing_scope")


async def test_another_org_unit_sees_no_contact_no_notice_and_nothing_that_waits(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(issued(1), issued(2))
    (notice,) = await api.notify.notices()
    other = {"org_units": ("zj/ningbo", "zj/hang")}
    assert await api.refused("GET", "/v1/parties/c0001", **other) == (404, "party.unknown")
    assert await api.refused("GET", f"/v1/notices/{notice.notice_id}", **other) == (404, "notice.unknown")
    resend = f"/v1/notices/{notice.notice_id}/resend"
    assert await api.refused("POST", resend, {"reason": "x"}, **other) == (404, "notice.unknown")
    for path in ("/v1/parties?account_no=a0001", "/v1/notices", "/v1/unaddressed"):
        assert (await api.call("GET", path, **other)).json()["items"] == []  # type: ignore[arg-type]
        assert len((await api.call("GET", path)).json()["items"]) == 1
