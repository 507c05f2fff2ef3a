"""The broker that `yicang up` brings along: rumqttd, from the wheel ``iotcore``.

It is for one machine: no accounts, so it listens on 127.0.0.1 only. Stops run Mosquitto. It keeps
nothing on disk, which costs nothing: journals resend until the hub has committed, and both sides
publish what they retain each time they connect.
"""

import logging
from pathlib import Path
from typing import Final

import click

MAX_PAYLOAD_BYTES: Final = 512 * 1024
"""Above the contract's 128 KiB with its topic and properties; the default of 20,480 cuts the
connection of whoever sends a full batch."""


def config_toml(port: int) -> str:
    """rumqttd's configuration: one MQTT 5 listener on 127.0.0.1.

    Segments are the memory that a topic may take before its oldest messages go; the relay's
    window keeps far below it. Names and meaning: rumqttd.toml of rumqttd 0.19 and 0.20.
    """
    return f"""\
# Written by yicang at every start.
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = {4 * 1024 * 1024}
max_segment_count = 8

[v5.1]
name = "v5"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {MAX_PAYLOAD_BYTES}
max_inflight_count = 500
dynamic_filters = true
"""


def run(port: int, directory: Path) -> int:
    """Serves until the process is ended; there is no other way to stop rumqttd.

    Returns 2 when the port is taken or ``directory`` cannot be written.
    """
    from iotcore import IotCoreBroker

    # rumqttd writes an ERROR line for each packet that it routes.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    logging.getLogger("tracing").setLevel(logging.WARNING)
    config = directory / "broker.toml"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        config.write_text(config_toml(port), encoding="utf-8")
        broker = IotCoreBroker(config_path=str(config))
        broker.check_ports()
    except OSError as error:
        click.echo(f"代理无法启动 / the broker cannot start: {error}", err=True)
        return 2
    broker.run_forever()
    return 0


@click.command("broker")
@click.option("--port", type=click.IntRange(1, 65535), default=1883, show_default=True)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default=True,
    help="数据目录 / data directory",
)
@click.pass_context
def broker_command(context: click.Context, port: int, data: Path) -> None:
    """The embedded MQTT 5 broker alone, on 127.0.0.1."""
    logging.getLogger().setLevel(logging.INFO)
    context.exit(run(port, data / "broker"))
