"""Files, directories and paths. Relative paths are relative to the current working directory, as in Julia."""

import os
import shutil
import tempfile

from .. import types as t
from ..calling import call
from .errors import argument_error, fault
from .io import IOStream, Stream, forbid_effect
from .iteration import iterate, vector_of
from .registry import define, function

_MODES = {"r": "rb", "w": "wb", "a": "ab", "r+": "r+b", "w+": "w+b", "a+": "a+b"}


def opened(path, mode):
    """The file at a path, opened by Python. SystemError naming the file when that fails."""
    forbid_effect(f"{'reading' if mode == 'rb' else 'writing'} the file \"{path}\"")
    try:
        return open(path, mode)  # noqa: SIM115
    except UNUSABLE as error:
        raise system_error(f'opening file "{path}"', error) from None


UNUSABLE = OSError, ValueError
"""What Python raises for a path that cannot be used; ValueError for null bytes and halves of characters."""


def _reason(error):
    return getattr(error, "strerror", None) or "the path holds characters that no file name can have"


def system_error(what, error):
    """Julia's SystemError for an operation that failed."""
    return fault("SystemError", f"{what}: {_reason(error)}")


def _io_error(what, error):
    return fault("IOError", f"{what}: {_reason(error)}")


@define("open", t.AbstractString, keywords=("read", "write", "create", "truncate", "append"))
def open_file(path, read=None, write=None, create=None, truncate=None, append=None):
    """Opens a file, by default to read."""
    if append:
        return open_mode(path, "a")
    if write:
        return open_mode(path, "w" if truncate is not False and not read else "r+")
    return open_mode(path, "r")


@define("open", t.AbstractString, t.AbstractString)
def open_mode(path, mode):
    """Opens a file: "r" to read, "w" to write, "a" to append; with "+" both."""
    if mode not in _MODES:
        raise argument_error(f"invalid open mode: {mode}")
    return Stream(IOStream, opened(path, _MODES[mode]), f"<file {path}>")


def _define_open_with(*mode):
    @define("open", t.Function, t.AbstractString, *[t.AbstractString] * len(mode))
    def open_with(function, path, *mode):
        """Calls the function with the open file, and closes it."""
        stream = open_mode(path, *(mode or ("r",)))
        try:
            return call(function, (stream,))
        finally:
            stream.file.close()


_define_open_with()
_define_open_with("mode")


# --- paths --------------------------------------------------------------------------------------------------


@define("joinpath", t.AbstractString, t.AbstractString, ...)
def joinpath(*parts):
    """The parts joined to a path; an absolute part starts anew."""
    return os.path.join(*parts)


@define("joinpath", t.AbstractArray)
def joinpath_of(parts):
    return call(function("joinpath"), tuple(iterate(parts)))


@define("basename", t.AbstractString)
def basename(path):
    """The last part of a path."""
    return os.path.basename(path)


@define("dirname", t.AbstractString)
def dirname(path):
    """All but the last part of a path."""
    return os.path.dirname(path)


@define("splitdir", t.AbstractString)
def splitdir(path):
    return os.path.split(path)


@define("splitext", t.AbstractString)
def splitext(path):
    """The path without its extension, and the extension."""
    return os.path.splitext(path)


@define("splitpath", t.AbstractString)
def splitpath(path):
    """The parts of a path."""
    parts = [part for part in path.split("/") if part]
    return vector_of((["/"] if path.startswith("/") else []) + parts, t.String)


@define("abspath", t.AbstractString, t.AbstractString, ...)
def abspath(*parts):
    """The path from the root."""
    return os.path.abspath(os.path.join(*parts))


@define("normpath", t.AbstractString)
def normpath(path):
    return os.path.normpath(path)


@define("realpath", t.AbstractString)
def realpath(path):
    return os.path.realpath(path)


@define("relpath", t.AbstractString)
def relpath(path):
    return os.path.relpath(path)


@define("relpath", t.AbstractString, t.AbstractString)
def relpath_from(path, start):
    return os.path.relpath(path, start)


@define("isabspath", t.AbstractString)
def isabspath(path):
    return os.path.isabs(path)


@define("expanduser", t.AbstractString)
def expanduser(path):
    return os.path.expanduser(path)


@define("homedir")
def homedir():
    return os.path.expanduser("~")


@define("tempdir")
def tempdir():
    return tempfile.gettempdir()


@define("tempname")
def tempname():
    """A path for a temporary file that does not exist yet."""
    forbid_effect("`tempname`")
    return os.path.join(tempfile.gettempdir(), f"jl_{os.urandom(8).hex()}")


@define("mktempdir")
def mktempdir():
    forbid_effect("`mktempdir`")
    return tempfile.mkdtemp(prefix="jl_")


def _define_question(name, test):
    @define(name, t.AbstractString, t.AbstractString, ...)
    def question(*parts):
        forbid_effect(f"`{name}`")
        return test(os.path.join(*parts))


for _name, _test in {"isfile": os.path.isfile, "isdir": os.path.isdir, "ispath": os.path.lexists,
                     "islink": os.path.islink}.items():
    _define_question(_name, _test)


@define("filesize", t.AbstractString)
def filesize(path):
    """The number of bytes in a file."""
    forbid_effect("`filesize`")
    try:
        return os.path.getsize(path)
    except UNUSABLE as error:
        raise _io_error(f"stat({path!r})", error) from None


@define("pwd")
def pwd():
    """The current working directory."""
    return os.getcwd()


@define("cd", t.AbstractString)
def cd(path):
    """Changes the current working directory."""
    forbid_effect("`cd`")
    try:
        os.chdir(path)
    except UNUSABLE as error:
        raise _io_error(f'chdir("{path}")', error) from None


@define("cd", t.Function, t.AbstractString)
def cd_with(function, path):
    """Calls the function in another directory."""
    previous = os.getcwd()
    cd(path)
    try:
        return call(function, ())
    finally:
        os.chdir(previous)


@define("readdir", keywords=("join", "sort"))
def readdir_here(join=False, sort=True):
    return readdir(".", join, sort)


@define("readdir", t.AbstractString, keywords=("join", "sort"))
def readdir(path, join=False, sort=True):
    """The names in a directory, sorted."""
    forbid_effect("`readdir`")
    try:
        names = sorted(os.listdir(path))
    except UNUSABLE as error:
        raise _io_error(f'readdir("{path}")', error) from None
    return vector_of([os.path.join(path, name) for name in names] if join else names, t.String)


@define("mkdir", t.AbstractString)
def mkdir(path):
    """Makes a directory."""
    forbid_effect("`mkdir`")
    try:
        os.mkdir(path)
    except UNUSABLE as error:
        raise _io_error(f'mkdir("{path}")', error) from None
    return path


@define("mkpath", t.AbstractString)
def mkpath(path):
    """Makes a directory and those above it, where they are missing."""
    forbid_effect("`mkpath`")
    try:
        os.makedirs(path, exist_ok=True)
    except UNUSABLE as error:
        raise _io_error(f'mkpath("{path}")', error) from None
    return path


@define("rm", t.AbstractString, keywords=("force", "recursive"))
def rm(path, force=False, recursive=False):
    """Removes a file, or a directory when `recursive`."""
    forbid_effect("`rm`")
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path) if recursive else os.rmdir(path)
        else:
            os.remove(path)
    except UNUSABLE as error:
        if not (force and isinstance(error, FileNotFoundError)):
            raise _io_error(f'rm("{path}")', error) from None


def _define_transfer(name, transfer):
    @define(name, t.AbstractString, t.AbstractString, keywords=("force",))
    def move(source, target, force=False):
        forbid_effect(f"`{name}`")
        if os.path.exists(target) and not force:
            raise argument_error(f"'{target}' exists. `force=true` is required to remove '{target}' before "
                                 f"{name}.")
        try:
            transfer(source, target)
        except UNUSABLE as error:
            raise _io_error(f'{name}("{source}", "{target}")', error) from None
        return target


_define_transfer("cp", shutil.copyfile)
_define_transfer("mv", shutil.move)


@define("countlines", t.AbstractString)
def countlines(path):
    """The number of lines in a file."""
    with opened(path, "rb") as file:
        return sum(1 for _ in file)


@define("touch", t.AbstractString)
def touch(path):
    """Makes a file where there is none, and updates its time."""
    opened(path, "ab").close()
    return path
