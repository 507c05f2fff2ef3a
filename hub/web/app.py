"""The hub's web application, put together from its collaborators."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from flask import Flask, request
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from hub import request as collaborators
from hub.access.throttle import Throttle
from hub.api import enrolments, kiosk_releases, v1
from hub.config import HubConfig
from hub.queries.deliveries import Reaches
from hub.queries.remembered import Remembered
from hub.request import Services, Writer
from hub.web import (
    account,
    accounts,
    alerts,
    api_tokens,
    audit,
    authority,
    backups,
    board,
    counts,
    donations,
    error_pages,
    events,
    formats,
    i18n,
    incidents,
    items,
    keys,
    kiosk_list,
    labels,
    lifecycle,
    login,
    market,
    metrics,
    names,
    navigation,
    papers,
    passkeys,
    phone,
    printing,
    public,
    quarantine,
    reports,
    search,
    security,
    shell,
    statements,
    stock,
    uploads,
    wall,
)
from hub.web.fleet import commands as fleet_commands
from hub.web.fleet import configurations, invitations, releases, roll_outs, stop_names
from hub.web.fleet import history as kiosk_history
from hub.web.late_rules import LateRule
from hub.web.page_cache import DataVersion, PageCache

SESSION_HOURS = 12
MAX_BODY_BYTES = 64 * 1024


class HubApp(Flask):
    """Flask that never writes a request's path to a log: the path may be a donor's claim."""

    url_rule_class = LateRule

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        """Log an unhandled exception by the name of its page."""
        self.logger.error(
            "Exception on page %s [%s]", request.endpoint, request.method, exc_info=exc_info
        )


def create_app(
    config: HubConfig,
    reader: Engine,
    writer: Writer,
    *,
    ailments: Callable[[], Sequence[str]] = tuple,
    now: Callable[[], float] = time.time,
) -> Flask:
    """The hub's pages and API.

    ``reader`` gives ``query_only`` connections (`hub.db.open_reader`); ``ailments`` is asked by
    ``/healthz``; ``now`` is Unix seconds.

    Raises:
        OSError: the file with the secret key cannot be read.
        ValueError: it holds less than 16 bytes.
        LookupError: the time zone is unknown.
    """
    app = HubApp("hub.web")
    app.config.update(
        SECRET_KEY=_secret_key(Path(config.secret_key_file)),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        SESSION_COOKIE_NAME="yicang",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # `hub.web.login` renews it when it notes that a session is in use: an answer that sets a
        # cookie is nobody else's, and would be made anew each time (`hub.web.page_cache`).
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_COOKIE_SECURE=bool(config.tls_certificate)
        or config.public_url.startswith("https://"),
        # Our pages send no referrer, which the strict check over HTTPS would ask for.
        WTF_CSRF_SSL_STRICT=False,
        WTF_CSRF_TIME_LIMIT=SESSION_HOURS * 3600,
    )
    if config.trusted_proxies:
        n = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n)  # type: ignore[method-assign]
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    collaborators.install(
        app,
        Services(
            config=config,
            reader=reader,
            writer=writer,
            now=now,
            ailments=ailments,
            reaches=Reaches(config.households, ZoneInfo(config.timezone), now),
            guesses=Throttle(burst=20, refill_s=6, clock=time.monotonic),
            remembered=Remembered(),
        ),
    )
    i18n.install(app, config.timezone)
    formats.install(app)
    security.install(app)
    navigation.install(app)
    shell.install(app)
    uploads.install(app)
    csrf = CSRFProtect(app)  # type: ignore[no-untyped-call]
    security.refuse_nul(app)
    for pages in (
        public,
        keys,
        login,
        board,
        account,
        accounts,
        api_tokens,
        audit,
        authority,
        passkeys,
        statements,
        counts,
        incidents,
        names,
        donations,
        market,
        labels,
        papers,
        printing,
        fleet_commands,
        configurations,
        releases,
        roll_outs,
        search,
        items,
        events,
        kiosk_list,
        kiosk_history,
        invitations,
        stop_names,
        quarantine,
        backups,
        alerts,
        reports,
        wall,
        phone,
    ):
        app.register_blueprint(pages.blueprint())
    for part in (*stock.blueprints(), *lifecycle.blueprints()):
        app.register_blueprint(part)
    api = v1.blueprint()
    app.register_blueprint(api)
    app.register_blueprint(v1.health_blueprint())
    app.register_blueprint(metrics.blueprint())
    kiosks_ask = enrolments.blueprint()
    app.register_blueprint(kiosks_ask)
    kiosks_fetch = kiosk_releases.blueprint(config.release_downloads)
    app.register_blueprint(kiosks_fetch)
    for exempt in (api, kiosks_ask, kiosks_fetch, app.view_functions["public.find"]):
        csrf.exempt(exempt)  # type: ignore[no-untyped-call]
    app.context_processor(lambda: {"current_user": login.current_user()})
    error_pages.install(app)
    kept = PageCache(app.wsgi_app, DataVersion(reader), now)
    app.wsgi_app = kept  # type: ignore[method-assign]
    return app


def _secret_key(path: Path) -> bytes:
    key = path.read_bytes().strip()
    if len(key) < 16:
        raise ValueError(f"{path}: 密钥太短 / the key is shorter than 16 bytes")
    return key
