"""`sentinel schema`: what may stand in rules files, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from sentinel.cli import screen

KINDS = ("rules", "tests")


@click.command()
@click.argument("kind", type=click.Choice(KINDS), default="rules")
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead."
)
def schema(*, kind: str, output: Path | None) -> None:
    """Print the JSON Schema of rules files, or of files of rule tests.

    Editors complete keys by it, explain them and underline mistakes of form: write `sentinel schema --output
    rules.schema.json`, and `#:schema ./rules.schema.json` into the first line of the rules file. What the tables mean
    together only `sentinel check` knows.
    """
    from sentinel.config.json_schema import schema_text  # noqa: PLC0415  # not for --help
    from sentinel.config.rule_test_schema import RuleTestsFile  # noqa: PLC0415  # as above

    text = schema_text() if kind == "rules" else schema_text(RuleTestsFile, "Sentinel rule tests")
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as broken:
        raise click.UsageError(f"--output {output}: cannot be written: {broken.strerror or broken}") from None
    screen.say(f"{output} written")
