"""The command line: one file a command, nothing decided here that a library caller could not ask.

Exit status: 0 as claimed, 1 refuted or surprising, 2 undecided, 3 bad input or usage or not
supported yet; 70 is a defect of refsem itself, never a verdict. With `--json` standard output
carries one JSON object and nothing else; progress goes to standard error.
"""

import sys
import traceback

import click

from refsem import __version__
from refsem.cli.audit import audit
from refsem.cli.check import check
from refsem.cli.fuzz import fuzz
from refsem.cli.hunt import hunt_command
from refsem.cli.importing import import_command
from refsem.cli.lean import lean
from refsem.cli.profile import profile_command
from refsem.cli.rules import rules
from refsem.cli.show import show
from refsem.cli.terminal import tolerate_narrow_streams
from refsem.cli.vectors import vectors
from refsem.errors import InputError

BAD_INPUT = 3

DEFECT = 70
"""An error of refsem itself: the traceback is printed, and no verdict was reached."""

CLOSED_PIPE = 141
"""The reader of standard output went away: no verdict was delivered."""


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="refsem")
def refsem() -> None:
    """The exact judge between neural-network verifiers and binary32 networks."""


refsem.add_command(audit)
refsem.add_command(check)
refsem.add_command(rules)
refsem.add_command(lean)
refsem.add_command(show)
refsem.add_command(vectors)
refsem.add_command(fuzz)
refsem.add_command(profile_command)
refsem.add_command(hunt_command)
refsem.add_command(import_command)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status; bad input is one line on standard error."""
    tolerate_narrow_streams()
    try:
        status = refsem.main(args=arguments, prog_name="refsem", standalone_mode=False)
    except InputError as error:
        click.echo(_line(str(error)), err=True)
        return BAD_INPUT
    except click.ClickException as error:
        click.echo(_line(error.format_message()), err=True)
        return BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        click.echo("refsem: interrupted", err=True)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return CLOSED_PIPE
    except Exception:  # noqa: BLE001  a defect of refsem must not leave as `refuted`, status 1
        traceback.print_exc()
        return DEFECT
    return status if isinstance(status, int) else 0


def _line(message: str) -> str:
    """The message as one line, fit for a terminal: names in files may hold anything."""
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)
    return "refsem: " + "".join(shown)
