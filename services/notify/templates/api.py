"""Templates over HTTP: what there is, and how a notice would read."""

from services.notify import context
from services.notify.context import READ, Number
from services.notify.policies.domain import TONES
from services.notify.templates import examples
from services.notify.templates.domain import Kind, render
from services.notify.templates.schemas import Preview, PreviewText, TemplateView
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
    return isinstance(value, str) and len(value) <= FIGURE_CHARACTERS_MAX
