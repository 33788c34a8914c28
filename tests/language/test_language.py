"""Julia as the manual has it, and its packages: transcripts of Julia's REPL, by theme, each prompt with what
Julia prints.

A transcript is a file of sections, `=== title`, each a session of its own. A prompt goes on over lines that
are indented as in the REPL; what follows it up to the next prompt is what it prints and shows. `ERROR: …` is
the beginning of an error's message.
"""

import pathlib
import re

import pytest
import weber

PROMPT, CONTINUATION = "julia> ", "       "


def sections():
    for path in sorted(pathlib.Path(__file__).parents[1].glob("*/transcripts/*.jlcon")):
        for part in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title, _, text = part.partition("\n")
            yield pytest.param(text, id=f"{path.stem}: {title.strip()}")


def rows(text):
    """(source, expected output) of each prompt."""
    for part in re.split(rf"^{PROMPT}", text, flags=re.MULTILINE)[1:]:
        lines = part.rstrip().split("\n")
        count = 1
        while count < len(lines) and lines[count].startswith(CONTINUATION) and lines[count].strip():
            count += 1
        source = "\n".join([lines[0], *(line.removeprefix(CONTINUATION) for line in lines[1:count])])
        yield source, "\n".join(lines[count:])


def printed(session, source, capsys):
    """What the REPL prints for a source, trailing blanks removed; an error as `ERROR: message`."""
    try:
        shown = session.show(session.evaluate(source))
    except weber.WeberError as error:
        shown = f"ERROR: {error.message}"
    if source.endswith(";") and not shown.startswith("ERROR"):
        shown = ""
    text = capsys.readouterr().out + shown
    return "\n".join(line.rstrip() for line in text.rstrip().split("\n"))


@pytest.mark.parametrize("text", list(sections()))
def test_transcript(text, capsys):
    session, wrong = weber.Session(), []
    for source, expected in rows(text):
        found = printed(session, source, capsys)
        same = found.startswith(expected) if expected.startswith("ERROR: ") else found == expected
        if not same:
            wrong.append(f"{PROMPT}{source}\nexpected:\n{expected}\nfound:\n{found}")
    assert not wrong, "\n\n".join(["", *wrong])


def test_the_corpus_is_large():
    """Several hundred snippets with their values, and as many errors as `diagnostics` needs."""
    snippets = sum(1 for section in sections() for _ in rows(section.values[0]))
    programs = list((pathlib.Path(__file__).parent.parent / "diagnostics" / "programs").glob("*.jl"))
    assert snippets >= 1300 and len(programs) >= 140
