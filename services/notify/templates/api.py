"""Templates over HTTP: what there is, and how a notice would read; and the leaflets that a reader or a cashier hands out."""

from datetime import datetime
from typing import Annotated

from fastapi import Query

from services.notify import context
from services.notify.context import READ, Number
from services.notify.leaflets.domain import Leaflet
from services.notify.policies.domain import TONES
from services.notify.templates import examples
from services.notify.templates.domain import Kind, render
from services.notify.templates.schemas import LeafletKind, LeafletText, LeafletView, Preview, PreviewText, TemplateView
from shared import civil
from shared.fields import Day
from shared.web import errors
from shared.web.routing import Router

FIGURE_CHARACTERS_MAX = 300  # the longest is the address of a link
router = Router(prefix="/v1", tags=["notify"])


@router.get("/templates", policy=READ)
async def list_templates(ctx: context.Own) -> list[TemplateView]:
    """List all versions of all templates, the figures that they may show, and who is told of that today."""
    told, kinds = ctx.policies.on(ctx.today()).roles, ctx.catalogue.kinds
    return [
        TemplateView(
            template=t.name,
            version=t.version,
            effective_from=t.effective_from,
            figures=sorted(kinds[t.name].figures),
            roles=sorted(told[t.name]),
            tones=[tone for tone in TONES if t.tone(tone) == tone],
            legal_effect=kinds[t.name].legal_effect,
            budget=kinds[t.name].manner.budget,
            tell_by=kinds[t.name].manner.tell_by,
            joins=kinds[t.name].manner.joins,
        )
        for t in ctx.catalogue.all()
    ]


@router.post("/templates/{template}/preview", policy=READ, example=examples.PREVIEW)
async def preview_template(template: Number, body: Preview, ctx: context.Own) -> PreviewText:
    """Show a notice as it would be sent, with given figures; nothing is stored or sent."""
    kind = ctx.catalogue.kinds.get(template)
    if kind is None:
        raise errors.not_found("template")
    if set(body.figures) != set(kind.figures) or not all(_is_figure(kind, n, v) for n, v in body.figures.items()):
        raise errors.Problem(
            status=422,
            code="template.wrong_figures",
            title="The figures are not those that the template shows",
            detail="needs " + ", ".join(sorted(kind.figures)),
        )
    text = render(ctx.catalogue.on(template, body.on), body.language, body.figures, body.tone)
    return PreviewText(
        template_version=text.template_version,
        tone=text.tone,
        subject=text.subject,
        body=text.body,
        short=text.short,
        content_hash=text.content_hash,
    )


def _is_figure(kind: Kind, name: str, value: object) -> bool:
    if kind.figures[name] is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    if not isinstance(value, str) or len(value) > FIGURE_CHARACTERS_MAX:
        return False
    return not name.endswith("_instant") or _is_instant(value)


def _is_instant(value: str) -> bool:
    try:
        civil.check_instant(datetime.fromisoformat(value))
    except ValueError:
        return False
    return True


@router.get("/leaflets", policy=READ)
async def list_leaflets(
    own: context.Own,
    kind: LeafletKind | None = None,
    request: Annotated[str | None, Query(max_length=32, description="Papers of this request.")] = None,
    customer_class: Annotated[
        str | None, Query(max_length=64, description="Those for a class, such as `residential`.")
    ] = None,
    on: Annotated[Day | None, Query(description="None: today.")] = None,
) -> list[LeafletView]:
    """List the leaflets of a day, at most 200: tips, and what papers a request needs."""
    return [
        _view(each)
        for each in own.catalogue.leaflets.on(on or own.today())
        if kind in (None, each.kind)
        and request in (None, each.request)
        and (customer_class is None or each.is_for(customer_class))
    ]


def _view(leaflet: Leaflet) -> LeafletView:
    return LeafletView(
        leaflet=leaflet.leaflet,
        kind="papers" if leaflet.request else "tip",
        request=leaflet.request,
        classes=list(leaflet.classes),
        travels_on="{:02}-{:02}".format(*leaflet.travels_on) if leaflet.travels_on else None,
        from_kwh=leaflet.from_wh // 1000,
        to_kwh=None if leaflet.to_wh is None else leaflet.to_wh // 1000,
        texts={language: LeafletText(title=text.title, text=text.text) for language, text in leaflet.texts.items()},
    )
