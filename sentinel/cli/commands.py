"""The root command: finds commands by the table, and turns everything that goes wrong into words and an exit code."""

from __future__ import annotations

import errno
import importlib
import os
from typing import Any

import click

from sentinel.cli.contents import COMMANDS, help_text
from sentinel.cli.screen import complain, say
from sentinel.deliver.escape import visible
from sentinel.errors import ConfigError, SentinelError, StoreBusy

INTERRUPTED = 130
AGAIN = "nothing was written; mend it or wait, and give the command again"
UNEXPECTED = 1


class Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # the signature is the library's
        return [name for name, _, _ in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as above
        for name, module, _ in COMMANDS:
            if name == cmd_name:
                found = getattr(importlib.import_module(module), name)
                assert isinstance(found, click.Command)
                return found
        return None

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002  # as above
        return help_text()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            ctx.fail(f"No such command {args[0]!r}.{_nearest(args[0])}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort):
            say("interrupted")
            ctx.exit(INTERRUPTED)
        except SentinelError as error:
            _debug(ctx)
            _report(error)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001  # the last door: nobody is shown a traceback unasked
            if isinstance(error.__cause__, KeyboardInterrupt):  # Python 3.11 wraps it while a class is being made
                say("interrupted")
                ctx.exit(INTERRUPTED)
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                complain(f"what was to be written found no room: {error.strerror}")
                ctx.exit(UNEXPECTED)
            _debug(ctx)
            told = f"unexpected {type(error).__name__}: {_veiled(str(error))}"
            complain(told, "This is a defect. --debug shows where it happened.")
            ctx.exit(UNEXPECTED)


def _debug(ctx: click.Context) -> None:
    if ctx.params.get("debug"):
        import traceback  # noqa: PLC0415  # only when asked

        for line in _veiled(traceback.format_exc()).splitlines():
            click.echo(visible(line), err=True)


def _veiled(text: str) -> str:
    """What a library says may quote what it was given: without the secrets of the environment."""
    from sentinel.config.confidential import Veil  # noqa: PLC0415  # only when something went wrong
    from sentinel.config.settings import Settings  # noqa: PLC0415  # as above

    try:
        return Veil(Settings.load().secrets())(text)
    except ConfigError:
        return Veil(value for name, value in os.environ.items() if name.startswith("SENTINEL_") and value)(text)


def _report(error: SentinelError) -> None:
    if isinstance(error, ConfigError) and error.problems:
        from sentinel.cli.check import told  # noqa: PLC0415  # only for broken configurations

        click.echo(told(error.problems), err=True)
    else:
        complain(error.message, _hint(error))


def _hint(error: SentinelError) -> str:
    """What mends it. A command, other than the engine, does not try again by itself."""
    if isinstance(error, StoreBusy):
        from sentinel.store.complaints import HELD  # noqa: PLC0415  # only for databases that are busy

        return AGAIN if error.hint == HELD else error.hint
    return error.hint


def _nearest(word: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only for misspelt commands

    near = get_close_matches(word, [name for name, _, _ in COMMANDS], 1, 0.5)
    return f" Did you mean {near[0]!r}?" if near else ""


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  # only when asked

        try:
            number = version("sentinel-sla")
        except PackageNotFoundError:
            number = "(not installed)"
        click.echo(f"sentinel {number}")
        ctx.exit()


def _colourless(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        ctx.color = False


@click.command("sentinel", cls=Commands, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.option("--no-color", is_flag=True, callback=_colourless, expose_value=False, is_eager=True)
@click.option("--version", is_flag=True, callback=_version, expose_value=False, is_eager=True)
def sentinel(*, debug: bool) -> None:
    """See `help_text`."""
    del debug  # read by the door above
