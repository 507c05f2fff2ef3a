"""What a command line that cannot be understood is answered: one line in both languages, one on
where to read more."""

import re
from collections.abc import Sequence
from typing import Final

import click

from drivers.ports import Words

_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")


def explain(error: click.UsageError) -> str:
    """The lines for ``error``; a message of our own, which has its Chinese, stays as it is."""
    message = error.format_message()
    if not _CHINESE.search(message):
        words = _words(error, message.removesuffix("."))
        message = f"{words.zh} / {words.en}"
    if error.ctx is None:
        return message
    return f"{message}\n用法 / usage: {error.ctx.command_path} --help"


def empty_folder(arguments: Sequence[str]) -> bool:
    """Whether ``--data`` is given without a name, as by a shell variable that is not set: the
    current directory, which it would mean, is nobody's wish."""
    pairs = zip(arguments, [*arguments[1:], None], strict=True)
    return "--data=" in arguments or ("--data", "") in pairs


def _words(error: click.UsageError, english: str) -> Words:
    match error:
        case click.NoSuchOption():
            close = _or(error.possibilities or ())
            hint = f"，是不是 {close}" if close else ""
            return Words(zh=f"没有 {error.option_name} 这个选项{hint}", en=english)
        case click.MissingParameter():
            return Words(zh=f"缺少 {_named(error)}", en=english)
        case click.BadParameter():
            return Words(zh=f"{_named(error)}：{_wanted(error)}", en=english)
        case click.BadOptionUsage():
            return Words(zh=f"{error.option_name} 后面的值不对或缺少", en=english)
        case click.exceptions.NoSuchCommand():
            return Words(zh=f"没有 {error.command_name} 这个命令", en=english)
        case _:
            return Words(zh="多余或不完整的参数", en=english)


def _named(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "")
    if isinstance(error.param, click.Argument):
        return error.param.make_metavar(error.ctx or click.Context(click.Command(None)))
    return error.param.opts[0]


def _wanted(error: click.BadParameter) -> str:
    match error.param.type if error.param is not None else None:
        case click.Choice(choices=choices):
            return f"应为 {_or([str(choice) for choice in choices])}"
        case click.IntRange(min=low, max=high):
            return f"应为 {low} 到 {high} 的整数"
        case click.Path() | click.File():
            return "没有这个文件或目录，或者不能使用"
        case _ if error.param is not None and error.param.type is click.INT:
            return "应为整数"
        case _:
            return "值不对"


def _or(choices: Sequence[str]) -> str:
    *most, last = choices or [""]
    return f"{'、'.join(most)} 或 {last}" if most else last
