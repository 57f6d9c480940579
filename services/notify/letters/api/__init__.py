"""Letters over HTTP."""

from services.notify.letters.api.batches import router

__all__ = ["router"]
