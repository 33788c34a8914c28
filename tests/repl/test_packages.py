"""Local packages: how `using` finds them, and the package mode that lists them."""

import pytest
import weber
from weber.frontend.evaluation.projects import with_line, without_line
from weber.frontend.interactive.package_mode import package_command


def make_package(folder, name, source, uuid=None, sources=""):
    (folder / "src").mkdir(parents=True)
    line = f'uuid = "{uuid}"\n' if uuid else ""
    (folder / "Project.toml").write_text(f'name = "{name}"\n{line}{sources}')
    (folder / "src" / f"{name}.jl").write_text(source)
    return folder


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_package(
        tmp_path / "lib" / "Shapes", "Shapes", uuid="f5f0a3d6-0f0f-4a6c-9c57-1f0d2a3b4c5d",
        source='module Shapes\nexport area\ninclude("factor.jl")\narea(r) = r^2 * factor()\nend\n',
    )  # fmt: skip
    (tmp_path / "lib" / "Shapes" / "src" / "factor.jl").write_text("factor() = 3\n")
    return tmp_path


def test_add_status_and_rm(project):
    assert "(no packages)" in package_command("status")
    assert "Shapes added" in package_command("add lib/Shapes")
    assert (project / "Project.toml").read_text() == (
        '[deps]\nShapes = "f5f0a3d6-0f0f-4a6c-9c57-1f0d2a3b4c5d"\n\n'
        '[sources]\nShapes = {path = "lib/Shapes"}\n'
    )
    assert "Shapes  `lib/Shapes`" in package_command("status")
    session = weber.Session()
    assert session.evaluate("using Shapes; area(2)") == 12
    assert session.evaluate("Shapes.factor()") == 3
    assert "Shapes removed" in package_command("rm Shapes")
    with pytest.raises(weber.WeberError, match="Package Shapes not found"):
        weber.Session().evaluate("using Shapes")


def test_a_script_finds_the_packages_of_its_project(project, monkeypatch):
    package_command("dev lib/Shapes")
    (project / "scripts").mkdir()
    (project / "scripts" / "run.jl").write_text("using Shapes: area as surface\nx = surface(3)\n")
    monkeypatch.chdir("/")
    assert weber.load(project / "scripts" / "run.jl").x == 27


def test_packages_of_packages(project):
    make_package(
        project / "lib" / "Solids", "Solids",
        source="module Solids\nusing Shapes\nvolume(r, h) = area(r) * h\nend\n",
        sources='[sources]\nShapes = {path = "../Shapes"}\n',
    )  # fmt: skip
    package_command("add lib/Solids")
    session = weber.Session()
    assert session.evaluate("using Solids; Solids.volume(2, 10)") == 120


def test_the_project_is_a_package_itself(project, monkeypatch):
    monkeypatch.chdir(project / "lib" / "Shapes")
    assert weber.Session().evaluate("import Shapes; Shapes.area(1)") == 3
    with pytest.raises(weber.WeberError, match="this project itself"):
        package_command("add .")


def test_exports_of_a_package_are_entries(project):
    make_package(project / "lib" / "Net", "Net", "module Net\n@export twice(x::Float32[N]) = 2x\nend\n")
    package_command("add lib/Net")
    (project / "main.jl").write_text("using Net\n")
    assert [entry.name for entry in weber.load(project / "main.jl").entries()] == ["twice"]


def test_errors_name_the_line_of_the_package(project):
    make_package(project / "lib" / "Bad", "Bad", "module Bad\nx = undefined_name\nend\n")
    package_command("add lib/Bad")
    with pytest.raises(weber.WeberError, match=r"Bad\.jl:2:5: error: UndefVarError"):
        weber.Session().evaluate("using Bad")


@pytest.mark.parametrize(
    "source, message",
    [
        ("x = 1", "does not define the module Odd"),
        ("module Odd\nusing Odd2\nend", "Package Odd2 not found"),
        ("import Odd\nmodule Odd end", "it is being loaded"),
    ],
)
def test_packages_that_cannot_be_loaded(project, source, message):
    make_package(project / "lib" / "Odd", "Odd", source, sources='[sources]\nOdd = {path = "."}\n')
    package_command("add lib/Odd")
    with pytest.raises(weber.WeberError, match=message):
        weber.Session().evaluate("using Odd")


@pytest.mark.parametrize(
    "command, message",
    [
        ("add", "takes a folder"), ("rm", "takes a name"), ("rm Shapes", "no package Shapes"),
        ("add lib/None", "no such folder"), ("add lib", "no Project.toml"), ("stat", "did you mean `status`"),
        ("status now", "takes nothing"), ("add 'lib", "cannot read the command"),
        ("update", "not a command"),
    ],
)  # fmt: skip
def test_wrong_commands(project, command, message):
    with pytest.raises(weber.WeberError, match=message):
        package_command(command)


@pytest.mark.parametrize(
    "content, message",
    [("name = ", "not valid TOML"), ('name = "Shapes"', "has no src/Shapes.jl"),
     ("x = 1", "has no line such as"), ('name = "../x"', "has no line such as"),
     (b"\xff\xfe", "not valid TOML")],
)  # fmt: skip
def test_folders_that_are_no_packages(project, content, message):
    (project / "bad").mkdir()
    content = content if isinstance(content, bytes) else content.encode()
    (project / "bad" / "Project.toml").write_bytes(content)
    with pytest.raises(weber.WeberError, match=message):
        package_command("add bad")


def test_the_rest_of_the_file_stays_as_it_is(project):
    text = '# ours\nname = "App"\n\n[sources]\n# local\nAlpha = {path = "a"}\nZeta = {path = "z"}\n\n'
    text += '[compat]\njulia = "1"\n'
    (project / "Project.toml").write_text(text)
    package_command("add lib/Shapes")
    package_command("rm Shapes")
    assert (project / "Project.toml").read_text() == text


def test_lines():
    assert with_line(["[a]", "b = 1", "", "[c]"], "a", "d", "2") == ["[a]", "b = 1", "d = 2", "", "[c]"]
    assert with_line(["[a]", "b = 1"], "a", "b", "2") == ["[a]", "b = 2"]
    assert without_line(["x = 1", "", "[a]", "b = 1"], "a", "b") == ["x = 1"]


def test_help():
    assert "add PATH" in package_command("help") and package_command("  # nothing") == ""
