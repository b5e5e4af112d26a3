"""The headers that every answer of the dashboard carries."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from liveinsight.dashboard.shares import share_of

# No 'unsafe-inline' anywhere: no inline script, style element or style attribute.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
EMBEDDED_POLICY: Final = CONTENT_SECURITY_POLICY.replace(
    "frame-ancestors 'none'", "frame-ancestors *"
)
"""Of what an embeddable link shows: read-only, and nobody is signed in there."""
PERMISSIONS_POLICY: Final = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "publickey-credentials-get",
        "serial",
        "usb",
    )
)


class SecureAnswers:
    """Middleware, the outermost: policies on every answer, Secure cookies on https."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer with its headers."""
        response = self.answer(request)
        share = share_of(request)
        if share is not None and share.is_embedded:
            policy, readers = EMBEDDED_POLICY, "cross-origin"
            del response.headers["X-Frame-Options"]
        else:
            policy, readers = CONTENT_SECURITY_POLICY, "same-origin"
        response.headers["Content-Security-Policy"] = policy
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        response.headers["Cross-Origin-Resource-Policy"] = readers
        # Numbers of an account: no shared cache keeps them. Not `no-store`, which
        # would also switch off the back/forward cache.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if request.is_secure() and isinstance(response, HttpResponse):
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response
