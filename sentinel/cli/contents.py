"""The table of contents: commands, options and exit codes, and the help made of them. It imports nothing."""

from __future__ import annotations

COMMANDS = (
    ("demo", "sentinel.cli.demo", "The whole thing in a minute, without credentials"),
    ("init", "sentinel.cli.init", "Write a first rules file from a few answers"),
    ("doctor", "sentinel.cli.doctor", "Look at everything outside, and name what mends it"),
    ("discover", "sentinel.cli.discover", "Services, hierarchies and levels that the sources offer"),
    ("probe", "sentinel.cli.probe", "Ask a source once and show what was recognised"),
    ("check", "sentinel.cli.check", "Every problem of a rules file, with its place and what mends it"),
    ("schema", "sentinel.cli.schema", "What may stand in rules files, for completion in editors"),
    ("explain", "sentinel.cli.explain", "Why a node is in its state; what a word or a code means"),
    ("test", "sentinel.cli.test", "Tests of the rules: written figures in, states and notices out"),
    ("rules", "sentinel.cli.rules", "diff, suggest: what an edit would do now; limits from the past"),
    ("backtest", "sentinel.cli.backtest", "Which notices rules would have sent, and an edit would change"),
    ("run", "sentinel.cli.run", "Poll, decide, record, tell"),
    ("status", "sentinel.cli.status", "What is wrong now"),
    ("incidents", "sentinel.cli.incidents", "list, show: what was wrong, since when; ack, unack, note"),
    ("silences", "sentinel.cli.silences", "list, add, expire: what nobody wants to be told for a while"),
    ("maintenance", "sentinel.cli.maintenance", "list, add: planned work, that of the rules file and on the spot"),
    ("notices", "sentinel.cli.notices", "list, test, preview, retry: who was told what, or why not"),
    ("sla", "sentinel.cli.sla", "status, report: what was agreed, what was attained, what is left"),
    ("history", "sentinel.cli.history", "list, export, import: the recorded readings"),
    ("db", "sentinel.cli.db", "upgrade, check, backup: the database and its schema"),
)
"""Name, module and what it does. The module holds a click command of that name."""

EXIT_CODES = (
    (0, "well"),
    (
        1,
        "something was found (`doctor`, `test`, diffs), or no such thing",
    ),
    (2, "wrong usage or configuration"),
    (3, "a source could not be asked"),
    (4, "the database cannot be used"),
    (5, "credentials were refused"),
    (130, "interrupted by Ctrl-C"),
)

OPTIONS = (
    ("--debug", "show tracebacks"),
    ("--no-color", "no colours, as with the environment variable NO_COLOR"),
    ("--version", "show the version"),
    ("-h, --help", "show this"),
)


def help_text() -> str:
    """What `sentinel --help` prints."""
    lines = [
        "Usage: sentinel [OPTIONS] COMMAND [ARGUMENTS]...",
        "",
        "  Tells people once when a digital workplace service degrades, and once that it",
        "  recovered.",
        "",
        "Commands (`sentinel COMMAND --help` says more):",
        *(f"  {name:<11} {about}" for name, _, about in COMMANDS),
        "",
        "Options:",
        *(f"  {name:<11} {about}" for name, about in OPTIONS),
        "",
        "Commands that print data take --json: data goes to standard output, words to",
        "standard error.",
        "",
        "Exit codes:",
        *(f"  {code:<11} {about}" for code, about in EXIT_CODES),
    ]
    return "\n".join(lines)
