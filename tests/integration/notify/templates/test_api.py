"""Templates over HTTP."""

from tests.kits.notify import Api


async def test_a_template_is_previewed_with_given_figures(api: Api) -> None:
    figures = {"account_no": "a", "outstanding_fen": 5, "due_on": "2026-02-20", "business_date": "2026-03-01"}
    body = {"language": "en", "on": "2026-03-01", "figures": figures}
    shown = (await api.call("POST", "/v1/templates/reminder/preview", body)).json()
    assert "CNY 0.05" in shown["body"]
    wrong = (422, "template.wrong_figures")
    assert await api.refused("POST", "/v1/templates/reminder/preview", body | {"figures": {}}) == wrong
    bad = figures | {"outstanding_fen": "5"}
    assert await api.refused("POST", "/v1/templates/reminder/preview", body | {"figures": bad}) == wrong
    assert await api.refused("POST", "/v1/templates/none/preview", body) == (404, "template.unknown")
    names = {t["template"] for t in (await api.call("GET", "/v1/templates")).json()}
    assert names == {"bill_issued", "bill_corrected", "estimate_made", "reminder", "payment_reversed"}
