"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

DOORS = {
    "items": [
        {
            "service_point_no": "SP-0001",
            "org_unit": "zj/hangzhou/xihu",
            "address": "杭州市西湖区文三路 1 号 2 单元 301 室",
            "how": "on_site",
            "checked_on": "2026-01-15",
        }
    ]
}
