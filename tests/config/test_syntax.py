"""Text that is no TOML: the mistake is named, where it was made, and not where the parser noticed."""

from __future__ import annotations

import pytest

from sentinel.config.loader import load
from sentinel.errors import ConfigError, Problem


def problem_of(text: str) -> Problem:
    with pytest.raises(ConfigError) as caught:
        load(text=text)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("marked", "message", "hint"),
    [
        ("x = «yes»", "this is no value", "true or false"),
        ("x = «True»  # on", "this is no value", "true or false"),
        ("x = «null»", "this is no value", "leave the key out"),
        ("x = «Exchange Online»", "this is no value", "quotes"),
        ("x = «#alerts»", "this is no value", "quotes"),
        ('x = ["a", «b»]', "this is no value", "quotes"),
        ("x = { y = «z» }", "this is no value", "quotes"),
        ("x = «10m»", "this is no value", "put it in quotes"),
        ("x = «5 %»", "this is no value", "put it in quotes"),
        ("x = «#» nothing", "the value is missing", ""),
        ("x = «“»a”", "these quotes are typographic ones", "straight"),
        ("x = [«“»a”]", "these quotes are typographic ones", "straight"),
        ("«„»x“ = 1", "these quotes are typographic ones", "straight"),
        ('x = «"»a\ny = 1', "this quote is never closed", "same quote"),
        ("y = 'its \"'\nx = «'»a\n", "this quote is never closed", "same quote"),
        ('x = «"»""a\nb = 1\n', "this quote is never closed", "three quotes"),
        ("x = «'»''a\nb = 1\n", "this quote is never closed", "three quotes"),
        ('x = «[»"a",\n\n[[y]]\n', "this bracket is never closed", "write ]"),
        ('x = «{» a = "]"\nb = 1', "this bracket is never closed", "same line"),
        ('x = ["a" «"»b"]', "this does not belong to the list", "comma"),
        ("x = {«\n» a = 1 }", "a table in braces ends in the line", "one line"),
        ("x = { a = 1«,» }", "no comma at its end", "leave the comma out"),
        ('x = "a" «"»b"', "the text has ended", "brackets"),
        ('x = "say "«h»i" now"', "the text has ended", "double quotes"),
        ("a = 1 «b» = 2", "the value has ended", "one key"),
        ("[rule]«]»", "a bracket too many", "[[...]]"),
        ("[[rule«]»", "never closed", "write ]]"),
        ("x«:» 1", "= is expected", "instead of the colon"),
        ('no «d»ata = "x"', "= is expected", "no spaces"),
        ("gr«ö»ße = 1", "= is expected", "quotes"),
        ("«/»/ x", "cannot begin like this", "#"),
        ("«\u200b»x = 1", "cannot begin like this", "cannot be seen"),
        ("x = 1\n«=======»\ny = 2", "merge conflict", "keep one"),
        ('x = "C:«\\u»sers"', "a backslash has a meaning", "single quotes"),
        ('x = "C:«\\p»ortal"', "a backslash has a meaning", "single quotes"),
        ("x = 1\n\n«x» = 2", "this key is there already", "in line 1"),
        ("[a]\nx = 1\n[b]\ny.z = 1\n«y» = 2", "this key is there already", "twice"),
        (
            '[[sla]]\nobjective = "99%"\n«[[sla.objective]]»\nshare = "98%"',
            "sla.objective has a value already",
            "stands in line 2",
        ),
        ("[rule]\n  «[rule]» # again", "this table is there already", "[[rule]] each time"),
    ],
)
def test_the_place_and_the_mend_of_a_slip(marked: str, message: str, hint: str) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    found = problem_of(text)
    line_start = text.rfind("\n", 0, start) + 1
    assert (found.line, found.column) == (text.count("\n", 0, start) + 1, start - line_start + 1)
    assert found.span == end - start
    assert message in found.message
    assert hint in found.hint
