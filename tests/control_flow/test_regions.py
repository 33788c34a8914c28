"""Regions of a trace: what they write is undone when they are left, done again when they are entered."""

import numpy as np
import pytest
from weber.frontend.control_flow.regions import Region
from weber.frontend.evaluation.scopes import Cell
from weber.frontend.staging import Trace, apply, read, write
from weber.frontend.values import Array


@pytest.fixture
def trace():
    with Trace() as trace:
        yield trace


def test_leaving_undoes_and_entering_redoes(trace):
    array, cell = Array(np.zeros(3)), Cell(1)
    frame = [1, 2]
    region = Region(trace, frame)
    with region:
        write(array, np.ones(3))
        cell.assign(5)
        frame[1] = 7
    assert array.data.tolist() == [0, 0, 0] and cell.value == 1 and frame == [1, 2]
    assert {key for _, key in region.written} == {"data", "value"}
    with region:
        assert array.data.tolist() == [1, 1, 1] and cell.value == 5 and frame == [1, 7]
        cell.assign(6)
    assert cell.value == 1
    region.merge()
    assert cell.value == 6 and frame == [1, 7]


def test_an_error_undoes_too(trace):
    cell = Cell(1)
    with pytest.raises(ZeroDivisionError), Region(trace):
        cell.assign(2)
        raise ZeroDivisionError
    assert cell.value == 1 and trace.scope is trace


def test_operations_go_to_the_innermost_region(trace):
    x = trace.builder.constant(np.ones(2))
    outer, inner = Region(trace), Region(trace)
    with outer:
        with inner:
            apply("neg", x)
        assert not outer.block.operations
        inner.merge()
    assert [o.name for o in outer.block.operations] == ["neg"]
    assert [o.name for o in trace.block.operations] == ["constant"]


def test_an_array_of_the_program_is_lifted_once_for_all_regions():
    array = Array(np.zeros(3))
    with Trace() as trace:
        with Region(trace):
            first = read(array)
        with Region(trace):
            assert read(array) is first
        assert trace.block.arguments == [first]


def test_writes_of_a_region_belong_to_the_scopes_around_it_only_when_merged():
    array = Array(np.zeros(3))
    with Trace() as trace:
        tried = Region(trace)
        with tried:
            write(array, np.ones(3))
        assert not trace.journal
        tried.merge()
        assert [key for _, key in trace.journal] == ["data"]
        trace.rollback()
    assert array.data.tolist() == [0, 0, 0]
