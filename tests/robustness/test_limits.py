"""Bounds on what a program can ask for: steps, recursion, nesting. Ctrl-C."""

import os
import signal
import subprocess
import sys
import threading

import pytest
import weber

LAUNCH = [sys.executable, "-c", "import sys; from weber.cli import main; sys.exit(main())"]


def run(*arguments, input=None):
    return subprocess.run([*LAUNCH, *arguments], input=input, capture_output=True, text=True, timeout=120)


# --- steps --------------------------------------------------------------------------------------------------

ENDLESS = [
    "while true end",
    "for i in 1:10^12 end",
    "for i in 1:10^6, j in 1:10^6 end",
    "f() = f2(); f2() = 1; while true f() end",
    "f(n) = n < 2 ? n : f(n - 1) + f(n - 2); f(80)",
    "sum(i for i in 1:10^12)",
    "[i for i in 1:10^12 if i < 0]",
    "foreach(x -> x, 1:10^12)",
    "sum(Iterators.countfrom(1))",
    "collect(Iterators.repeated(1))",
    "for x in Iterators.cycle([1]) end",
    "while true; try; while true end; catch; end; end",
    "try; while true end; catch; end; 1",
    "try; while true end; finally; 1; end",
    "let; @inbounds while true end; end",
    "mutable struct N; next; end; n = N(1); n.next = n; while n isa N; global n = n.next; end",
]


@pytest.mark.parametrize("source", ENDLESS)
def test_endless_work_is_stopped(source):
    session = weber.Session(max_steps=3000)
    with pytest.raises(weber.WeberError, match="stopped after 3000 steps") as caught:
        session.evaluate(source)
    assert caught.value.kind == "StepLimitError" and caught.value.location is not None
    assert session.evaluate("1 + 1") == 2


def test_the_bound_holds_for_each_evaluation():
    session = weber.Session(max_steps=100)
    for _ in range(5):
        assert session.evaluate("s = 0; for i in 1:60; s += i; end; s") == 1830
    with pytest.raises(weber.WeberError, match="stopped after 100 steps"):
        session.evaluate("for i in 1:101 end")
    session.evaluate("for i in 1:100 end")
    assert weber.Session().evaluate("s = 0; for i in 1:1000; s += 1; end; s") == 1000


@pytest.mark.parametrize("count", [0, -1, 1.5, "10", True])
def test_the_bound_is_a_positive_integer(count):
    with pytest.raises(weber.WeberError, match="positive integer"):
        weber.Session(max_steps=count)


def test_showing_is_bounded_too():
    session = weber.Session(max_steps=1000)
    value = session.evaluate("struct S end; Base.show(io::IO, ::S) = (while true end); S()")
    with pytest.raises(weber.WeberError, match="stopped after 1000 steps"):
        session.show(value)


@pytest.mark.parametrize("command", ["run", "check", "compile"])
def test_max_steps_of_the_commands(tmp_path, capsys, command):
    from weber.cli import main

    (tmp_path / "a.jl").write_text("x = 0\nwhile true\n    global x += 1\nend\n")
    assert main([command, "--max-steps", "1000", str(tmp_path / "a.jl")]) == 1
    assert "a.jl:2:1: error: stopped after 1000 steps" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([command, "--max-steps", "none", str(tmp_path / "a.jl")])
    assert "expected a positive number of steps" in capsys.readouterr().err


# --- recursion ----------------------------------------------------------------------------------------------

RECURSION = [
    "f(n) = f(n + 1) + 1; f(1)",
    "f(n) = sum(f(n + 1) for _ in 1:1); f(1)",
    "f(n) = map(f, [n + 1]); f(1)",
    "f(n) = sort([1, 2, 3], lt = (x, y) -> f(n + 1)); f(1)",
    "f(; n = 1) = f(; n = n + 1); f()",
    "struct A end; Base.show(io::IO, a::A) = print(io, a); string(A())",
    "a = Any[]; push!(a, a); hash(a)",
]


@pytest.mark.parametrize("source", RECURSION)
def test_recursion_without_end(source):
    session = weber.Session()
    with pytest.raises(weber.WeberError) as caught:
        session.evaluate(source)
    assert caught.value.kind == "StackOverflowError"
    assert session.evaluate("1 + 1") == 2


def test_a_program_can_catch_it():
    assert weber.Session().evaluate("f(x) = f(x)\ntry f(1) catch e; e isa StackOverflowError end") is True


def test_deep_recursion_works():
    assert weber.Session().evaluate("f(n) = n == 0 ? 0 : 1 + f(n - 1); f(5000)") == 5000


def test_deeply_nested_values_are_shown_or_refused():
    session = weber.Session()
    session.evaluate("a = Any[]; for i in 1:7_000; global a = Any[a]; end")
    with pytest.raises(weber.WeberError, match="StackOverflowError"):
        session.evaluate("string(a)")


def test_recursion_in_another_thread():
    outcome = []

    def work():
        try:
            weber.Session().evaluate(RECURSION[-1])
        except weber.WeberError as error:
            outcome.append(error.kind)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outcome == ["StackOverflowError"]


# --- Ctrl-C -------------------------------------------------------------------------------------------------


def interrupted(source, folder, times=1):
    """Runs a script that prints a line when it is ready for each interrupt."""
    (folder / "endless.jl").write_text(source)
    process = subprocess.Popen(
        [*LAUNCH, "run", "endless.jl"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), *sys.path])},
    )  # fmt: skip
    try:
        for _ in range(times):
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, output, errors


READY = 'println("ready"); flush(stdout)\n'


def test_a_script_that_is_interrupted(tmp_path):
    status, output, errors = interrupted(READY + "while true end\n", tmp_path)
    assert status == 130 and output == ""
    assert errors.startswith("endless.jl:") and "error: InterruptException:" in errors
    assert "Traceback" not in errors


def test_a_script_can_catch_an_interrupt(tmp_path):
    source = f"try\n {READY} while true end\ncatch e\n println(e isa InterruptException)\nend\n"
    assert interrupted(source, tmp_path) == (0, "true\n", "")


def test_finally_runs(tmp_path):
    source = f'try\n {READY} while true end\nfinally\n println("left")\nend\n'
    status, output, _ = interrupted(source, tmp_path)
    assert (status, output) == (130, "left\n")


def test_a_second_interrupt_ends_a_script_that_goes_on(tmp_path):
    source = f"while true\n try\n  {READY}  while true end\n catch\n end\nend\n"
    status, _, errors = interrupted(source, tmp_path, times=2)
    assert status == 130 and "InterruptException" in errors


def test_standard_input_is_run_as_a_script():
    done = run("repl", input="x = 20\n1 + 1\nprintln(x + 2)\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "22\n", "")
    done = run("repl", input="x = 20\nprintln(y)\n")
    assert done.returncode == 1 and "stdin:2:9: error: UndefVarError" in done.stderr
