"""The hub's settings: one TOML file (``hub.toml``), refused as a whole when anything in it is off.

Every error is reported at once, with its key and the nearest valid name; values of secret keys are
never part of a message.
"""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import msgspec
from msgspec import NODEFAULT, Meta, Struct

Port = Annotated[int, Meta(ge=1, le=65535)]


class HubConfig(Struct, frozen=True, kw_only=True):
    """What a hub needs to know. Paths are absolute or relative to the settings file."""

    database: Annotated[str, Meta(min_length=1)]
    """SQLAlchemy URL, or the path of an SQLite file."""
    secret_key_file: Annotated[str, Meta(min_length=1)] = "secret.key"  # noqa: S105 (a path)
    """File (mode 0600) with the key that signs login cookies."""
    http_host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    http_port: Port = 8080
    public_url: str = ""
    """Where people reach the hub, for links; empty: what the request says."""
    mqtt_host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    mqtt_port: Port = 1883
    mqtt_user: str = ""
    mqtt_password: str = ""
    mqtt_client_id: Annotated[str, Meta(min_length=1, max_length=64)] = "yicang-hub"
    backup_dir: str = ""
    """Directory, best on another disk, for the hub's own verified backups; empty: none."""
    backup_every_s: Annotated[int, Meta(ge=60)] = 3600
    households: Annotated[int, Meta(ge=1)] = 10
    """How many distinct households a published delivery figure must hold at least."""
    timezone: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")] = "Asia/Shanghai"
    """IANA name of the time zone in which pages show times and days are counted."""


SECRET_KEYS: Final = frozenset({"mqtt_password"})


class ConfigError(ValueError):
    """Settings that cannot be used; ``problems`` has one line for each error, zh / en."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(path: Path) -> HubConfig:
    """The settings in the TOML file at ``path``, with paths made absolute.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or holds unknown keys or bad values.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigError((f"{path}: 读不了 / cannot be read: {reason}",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError((f"{path}: 不是有效的 TOML / not valid TOML: {error}",)) from None
    return resolve(parse(document), path.parent)


def parse(document: dict[str, Any]) -> HubConfig:
    """The settings that a TOML document holds; paths stay as they are.

    Raises:
        ConfigError: with every unknown, missing and bad key.
    """
    fields = {field.name: field for field in msgspec.structs.fields(HubConfig)}
    hints = get_type_hints(HubConfig, include_extras=True)
    problems: list[str] = []
    values: dict[str, Any] = {}
    for key, value in document.items():
        if key not in fields:
            problems.append(_unknown(key, list(fields)))
            continue
        try:
            values[key] = msgspec.convert(value, hints[key])
        except msgspec.ValidationError as error:
            shown = "" if key in SECRET_KEYS else f" ({value!r})"
            problems.append(f"{key}: 值不对 / bad value{shown}: {error}")
    for name, field in fields.items():
        if field.default is NODEFAULT and name not in document:
            problems.append(f"{name}: 缺少 / missing")
    if problems:
        raise ConfigError(tuple(problems))
    return HubConfig(**values)


def resolve(config: HubConfig, base: Path) -> HubConfig:
    """``config`` with relative paths taken from ``base`` and the database as a URL."""
    database = config.database
    if "://" not in database:
        database = f"sqlite:///{(base / database).absolute()}"
    return msgspec.structs.replace(
        config,
        database=database,
        secret_key_file=str((base / config.secret_key_file).absolute()),
        backup_dir=str((base / config.backup_dir).absolute()) if config.backup_dir else "",
    )


def _unknown(key: str, names: list[str]) -> str:
    near = difflib.get_close_matches(key, names, n=1)
    hint = f"；是不是 {near[0]}? / did you mean {near[0]}?" if near else ""
    return f"{key}: 没有这个设置 / unknown key{hint}"
