"""The public site under its production server."""

from __future__ import annotations

import click

from desk.commands.common import Context, moment, now_option


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8010, show_default=True)
@now_option
@click.pass_obj
def serve(context: Context, host: str, port: int, now: str | None) -> None:
    """Serve the public site: the built archive, and the pages where readers subscribe, choose and leave."""
    from builder.model import BuilderError
    from db.errors import DatabaseError
    from desk.settings import SettingsError
    from desk.web.serving import serve as serve_site
    from subscribers.model import SubscribersError

    settings = context.settings()
    start = moment(now, settings) if now else None
    try:
        serve_site(settings, host, port, start, lambda: click.echo(f"http://{host}:{port}/  (Ctrl-C ends it)"))
    except (BuilderError, DatabaseError, SettingsError, SubscribersError, OSError) as error:
        raise click.ClickException(str(error)) from error
