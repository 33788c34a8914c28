"""`weber repl` in a real terminal: keys, modes, interrupts."""

import pytest


def test_results_are_printed_as_julia_prints_them(repl):
    repl.enter("x = [1 2; 3 4]", "2×2 Matrix{Int64}:\n 1  2\n 3  4")
    repl.enter("x[1, 2] + ans[2, 2]", "\n6")
    repl.enter("nothing")
    repl.enter('println("to stdout")', "\nto stdout")


def test_a_semicolon_at_the_end_shows_nothing(repl):
    repl.enter("123456;").enter("ans + 1", "123457")
    assert "\n123456" not in repl.text()


def test_several_lines_until_the_parser_is_content(repl):
    repl.type("for i in 1:2\r").at("").type("println(10i)\r").type("end\r").see("\n10\n20").at("julia> ")
    repl.type("f(x) = x +\r").type("1\r").see("f (generic function with 1 method)").at("julia> ")
    repl.enter("f(41)", "\n42")


def test_pasted_lines_are_one_input(repl):
    repl.type("\x1b[200~g(x) = begin\n    2x\nend\ng(21)\x1b[201~").see("g(21)")
    repl.type("\r").see("\n42").at("julia> ")


def test_of_a_pasted_session_the_input_is_taken(repl):
    repl.type("\x1b[200~julia> y = 6\n6\n\njulia> y *\n       7\n\x1b[201~").see("7")
    repl.type("\r").see("\n42").at("julia> ")


def test_an_error_keeps_the_session(repl):
    repl.enter("z = 5", "\n5")
    repl.enter("sqrt(-1.0)", "DomainError").enter("err isa DomainError", "\ntrue")
    repl.enter("z + undefined_name", "UndefVarError").enter("z", "\n5")
    repl.enter("1 + )", "unexpected `)`").enter("z + 1", "\n6")


def test_names_complete(repl):
    repl.type("searchsortedl\t").at("julia> searchsortedlast").type("([1, 3], 2)\r").see("\n1").at("julia> ")


def test_fields_complete(repl):
    repl.enter("part = (weight = 7, layers = (bias = 8,));")
    repl.type("part.lay\t").at("julia> part.layers").type(".b\t").at("julia> part.layers.bias")
    repl.type("\r").see("\n8").at("julia> ")


def test_keywords_and_members_of_modules_complete(repl):
    repl.type("whi\t").at("julia> while").type("\x15").at("julia> ")
    repl.type("Iterators.takew\t").at("julia> Iterators.takewhile").type("\x15").at("julia> ")


def test_several_completions_are_listed(repl):
    repl.enter("choice_a, choice_b = 1, 2;")
    repl.type("choi\t").at("julia> choice_").type("\t\t").see("choice_a").see("choice_b")
    repl.type("\x15").at("julia> ")


def test_latex_names_become_symbols(repl):
    repl.type("\\alpha\t").at("julia> α").type(" = 3; \\beta\t").at("julia> α = 3; β").type(" = 4; α*β\r")
    repl.see("\n12").at("julia> ")
    repl.type("\\varep\t").at("julia> \\varepsilon").type("\t").at("julia> ε").type("\x15").at("julia> ")
    repl.type("x\\_1\t").at("julia> x₁").type("\x15").at("julia> ")


def test_paths_complete_in_strings(repl):
    (repl.folder / "measured-values.csv").write_text("1,2\n")
    repl.type('countlines("measured\t').at('julia> countlines("measured-values.csv')
    repl.type('")\r').see("\n1").at("julia> ")


def test_help(repl):
    repl.type('\x1b[200~"Three times `x`."\ntripled(x) = 3x\x1b[201~\r').see("1 method").at("julia> ")
    repl.type("?").at("help?> ").type("tripled\r").see("tripled(x)\n\nThree times `x`.").at("julia> ")
    repl.type("?").at("help?> ").type("trippled\r").see("did you mean `tripled`").at("julia> ")
    repl.type("?").at("help?> ").type("\x7f").at("julia> ")


def test_no_shell(repl):
    repl.type(";").see("Weber runs no shell").at("julia> ")


def test_packages(repl):
    package = repl.folder / "lib" / "Shapes"
    (package / "src").mkdir(parents=True)
    (package / "Project.toml").write_text('name = "Shapes"\nuuid = "f5f0a3d6-0f0f-4a6c-9c57-1f0d2a3b4c5d"\n')
    (package / "src" / "Shapes.jl").write_text("module Shapes\nexport area\narea(r) = 3r^2\nend\n")
    named = f"({repl.folder.name}) pkg> "
    repl.type("]").at("pkg> ").type("add lib/Sha\t").at("pkg> add lib/Shapes/")
    repl.type("\r").see("Shapes added to")
    repl.at(named).type("status\r").see("Shapes  `lib/Shapes`").at(named).type("\x7f").at("julia> ")
    repl.enter("using Shapes; area(2)", "\n12")
    repl.type("]").at(named).type("rm Sh\t").at(named + "rm Shapes").type("\r").see("Shapes removed from")
    repl.at(named).type("statsu\r").see("did you mean `status`?").at(named).type("\x7f").at("julia> ")


def test_an_interrupt_ends_the_evaluation_only(repl):
    repl.enter("kept = 17;")
    repl.type("println(:begun, 1); while true end\r").see("\nbegun1").type("\x03").see("InterruptException")
    repl.at("julia> ").enter("kept", "\n17")
    repl.type("try println(:begun, 2); while true end catch e; e end\r").see("\nbegun2").type("\x03")
    repl.see("InterruptException()").at("julia> ")
    repl.type("println(:begun, 3); sleep(1000)\r").see("\nbegun3").type("\x03").at("julia> ")


def test_an_interrupt_at_the_prompt_gives_a_new_one(repl):
    repl.type("half a line").at("julia> half a line").type("\x03").see("^C").at("julia> ")


def test_history(start, tmp_path):
    state = tmp_path / "state"
    first = start(state=state).at("julia> ")
    first.enter("1234 + 1", "\n1235")
    first.type("\x04")
    assert first.ended() == 0
    second = start(state=state).at("julia> ")
    second.type("\x1b[A").at("julia> 1234 + 1").type("\x04\x03").at("julia> ").type("exit(3)\r")
    assert second.ended() == 3


@pytest.mark.parametrize("blocked", ["file", "folder"])
def test_a_history_that_cannot_be_kept(start, tmp_path, blocked):
    state = tmp_path / "state"
    if blocked == "file":
        state.write_text("not a folder")
    else:
        (state / "weber" / "history").mkdir(parents=True)
    terminal = start(state=state).at("julia> ")
    terminal.enter("20 + 2", "\n22").type("\x1b[A").at("julia> 20 + 2")
