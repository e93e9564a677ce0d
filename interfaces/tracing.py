"""A span for each request, within the trace that it came with. Only there where traces were asked for."""

from opentelemetry.trace import SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interfaces.templates import Templates


class Traced:
    """An application whose requests are traced. Of an address the route alone is told, of bodies and errors nothing."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer
        self._template = Templates().of
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        carried = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        told = {"http.request.method": scope["method"]}
        with self._tracer.start_as_current_span(
            scope["method"], self._propagator.extract(carried), SpanKind.SERVER, told, record_exception=False
        ) as span:

            async def tell(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            await self._app(scope, receive, tell)
            route = self._template(scope)
            span.update_name(f"{scope['method']} {route}")
            span.set_attribute("http.route", route)
