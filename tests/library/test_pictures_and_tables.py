"""Pictures through Pillow, and tables in text files."""

import numpy as np
import pytest
import weber
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

RANDOM = np.random.default_rng(0)


def test_pictures_as_arrays(program, tmp_path):
    colour = RANDOM.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    grey = RANDOM.integers(0, 256, (4, 6), dtype=np.uint8)
    Image.fromarray(colour).save(tmp_path / "colour.png")
    Image.fromarray(grey).save(tmp_path / "grey.png")
    module = program(f"""
    using Images
    colour, grey = load("{tmp_path}/colour.png"), load("{tmp_path}/grey.png")
    values() = (channelview(colour), channelview(grey), channelview(Gray.(colour)), channelview(RGB(grey)))
    sizes() = (size(colour), size(grey, 2), size(imresize(colour, (8, 3))), size(imresize(grey; ratio = 0.5)))
    small() = channelview(imresize(grey, (2, 3)))
    layer = Conv((3, 3), 3 => 2)
    f() = layer(Flux.unsqueeze(permutedims(channelview(colour), (3, 2, 1)); dims = 4))
    turned() = channelview(colorview(Gray, channelview(grey)))
    round_trip() = (save("{tmp_path}/copy.png", channelview(colour)); load("{tmp_path}/copy.png") == colour)
    shown() = string(colour, ", ", grey)
    """)
    rgb, plain, converted, tripled = module.values()
    assert rgb.dtype == np.float32
    assert_allclose(rgb.T, np.moveaxis(colour, 2, 0) / 255, rtol=1e-6)  # Julia's (channels, height, width)
    assert_allclose(plain.T, grey / 255, rtol=1e-6)
    assert_allclose(converted.T * 255, colour @ [0.299, 0.587, 0.114], atol=0.51)
    assert_allclose(tripled.T, np.stack([grey] * 3) / 255, rtol=1e-6)
    assert module.sizes() == ((4, 6), 6, (8, 3), (2, 3))
    assert module.small().shape == (3, 2)
    assert module.f().shape == (1, 2, 2, 4)
    assert_allclose(module.turned(), plain)
    assert module.round_trip()
    assert module.shown() == "4×6 picture, RGB, 4×6 picture, Gray"


def test_files_that_are_no_pictures(session, tmp_path):
    session("using Images")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(weber.WeberError, match="is not an image that can be read"):
        session(f'load("{tmp_path}/text.png")')
    with pytest.raises(weber.WeberError, match="No such file"):
        session(f'load("{tmp_path}/none.png")')
    with pytest.raises(weber.WeberError, match="cannot write the image"):
        session(f'save("{tmp_path}/picture.unknown", ones(2, 2))')


TABLE = """name,height,weight,member,note
"Ada, Countess",1.65,60,true,
Grace,1.7,55,false,"said ""hello""
twice"
"""


def test_tables(program, tmp_path):
    (tmp_path / "people.csv").write_text(TABLE)
    module = program(f"""
    using CSV, Tables
    people = CSV.File("{tmp_path}/people.csv")
    columns() = (people.height, people.weight)
    kinds() = string(map(eltype, (people.name, people.height, people.weight, people.member, people.note)))
    row() = people[2].name
    names() = string(propertynames(people))
    rows() = [r.weight for r in people]
    note() = ismissing(people.note[1]) && contains(people.note[2], '"')
    numbers() = Tables.matrix((a = people.height, b = people.weight))
    copy() = (CSV.write("{tmp_path}/copy.csv", people); read("{tmp_path}/copy.csv", String))
    table() = string(keys(CSV.read("{tmp_path}/people.csv", NamedTuple)))
    """)
    height, weight = module.columns()
    assert_array_equal(height, [1.65, 1.7])
    assert_array_equal(weight, [60, 55])
    assert weight.dtype == np.int64
    assert module.kinds() == "(String, Float64, Int64, Bool, Union{Missing, String})"
    assert module.row() == "Grace"
    assert module.names() == "(:name, :height, :weight, :member, :note)"
    assert_array_equal(module.rows(), [60, 55])
    assert module.note()
    assert_array_equal(module.numbers(), [[1.65, 1.7], [60, 55]])
    assert module.copy() == TABLE
    assert module.table() == "(:name, :height, :weight, :member, :note)"


def test_options_of_tables(session, tmp_path):
    session("using CSV, Tables")
    (tmp_path / "plain.txt").write_text("1;2.5\n3;NA\n")
    options = "delim = ';', header = false, missingstring = " + '"NA"'
    session(f'plain = CSV.File("{tmp_path}/plain.txt"; {options})')
    assert session("plain.Column1, plain.Column2") == "([1, 3], Union{Missing, Float64}[2.5, missing])"
    session(f'named = CSV.File("{tmp_path}/plain.txt"; delim = ";", header = [:a, :b])')
    assert session("named[1], named[:b]") == '((a = 1, b = "2.5"), ["2.5", "NA"])'
    assert session("Tables.rowtable((a = [1, 2], b = [3, 4]))[2]") == "(a = 2, b = 4)"
    assert session("Tables.columntable(named).a") == "2-element Vector{Int64}:\n 1\n 3"
    assert session("named") == "CSV.File with 2 rows: a, b"


@pytest.mark.parametrize("text, message", [
    ("a,b\n1\n", "row 2: expected 2 cells, got 1"), ("a,b\n1,2,3\n", "row 2: expected 2 cells, got 3"),
])
def test_damaged_tables(session, tmp_path, text, message):
    (tmp_path / "table.csv").write_text(text)
    session("using CSV")
    with pytest.raises(weber.WeberError, match=message):
        session(f'CSV.File("{tmp_path}/table.csv")')
