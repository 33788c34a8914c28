"""MLDatasets from files made here in their published formats."""

import gzip
import struct

import numpy as np
import pytest
import weber
from numpy.testing import assert_allclose, assert_array_equal

RANDOM = np.random.default_rng(0)


def idx(array):
    """IDX: two zeros, 8 for bytes, the rank, big-endian sizes, the bytes row by row."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A folder with a small MNIST, half of its files compressed."""
    folder = tmp_path / "MNIST"
    folder.mkdir()
    images = RANDOM.integers(0, 256, (7, 28, 28), dtype=np.uint8)
    labels = RANDOM.integers(0, 10, 7, dtype=np.uint8)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(labels))
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(images[:2]))
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels[:2])))
    monkeypatch.setenv("MLDATASETS_DIR", str(tmp_path))
    return images, labels


def test_mnist(program, mnist):
    images, labels = mnist
    module = program("""
    using MLDatasets
    train, test = MNIST(:train), MNIST(split = :test, Tx = UInt8)
    everything() = (train.features, train.targets, test.features, test.targets)
    third() = train[3]
    range() = train[2:4].features
    lengths() = (length(train), length(test))
    batches() = [size(x) for (x, y) in DataLoader(train; batchsize = 4)]
    model = Chain(Flux.flatten, Dense(784 => 10))
    f() = model(train.features)
    """)
    features, targets, raw, test_targets = module.everything()
    assert features.dtype == np.float32
    assert_allclose(features, images / 255, rtol=1e-6)  # Julia's (width, height, N) is (N, row, column)
    assert_array_equal(targets, labels)
    assert_array_equal(raw, images[:2])
    assert_array_equal(test_targets, labels[:2])
    assert tuple(module.lengths()) == (7, 2)
    third = module.third()
    assert_allclose(third.features, images[2] / 255, rtol=1e-6)
    assert third.targets == labels[2]
    assert module.range().shape == (3, 28, 28)
    assert module.batches() == [(28, 28, 4), (28, 28, 3)]
    assert module.f().shape == (7, 10)


def test_cifar(program, tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    records = []
    for k in range(1, 6):
        labels = RANDOM.integers(0, 10, (2, 1), dtype=np.uint8)
        pixels = RANDOM.integers(0, 256, (2, 3072), dtype=np.uint8)
        records.append(np.concatenate([labels, pixels], 1))
        (folder / f"data_batch_{k}.bin").write_bytes(records[-1].tobytes())
    module = program(f"""
    using MLDatasets
    data = CIFAR10(:train; dir = "{tmp_path}")
    everything() = (data.features, data.targets)
    """)
    features, targets = module.everything()
    records = np.concatenate(records)
    assert_allclose(features, records[:, 1:].reshape(10, 3, 32, 32) / 255, rtol=1e-6)
    assert_array_equal(targets, records[:, 0])


@pytest.mark.parametrize("name, header", [("iris.data", ""), ("iris.csv", "a,b,c,d,species\n")])
def test_iris(program, tmp_path, name, header):
    (tmp_path / name).write_text(header + "5.1,3.5,1.4,0.2,Iris-setosa\n7.0,3.2,4.7,1.4,Iris-versicolor\n\n")
    module = program(f"""
    using MLDatasets
    data = Iris(dir = "{tmp_path}")
    everything() = (data.features, data.targets == ["Iris-setosa", "Iris-versicolor"], length(data))
    """)
    features, targets, count = module.everything()
    assert_array_equal(features, [[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4]])
    assert targets and count == 2


@pytest.mark.parametrize("data, file", [
    ("MNIST()", "train-images-idx3-ubyte"), ("FashionMNIST(:test)", "t10k-images-idx3-ubyte"),
    ("CIFAR10(:train)", "data_batch_1.bin"), ("Iris()", "iris.data"),
])
def test_a_missing_file_is_named_with_its_place(session, tmp_path, monkeypatch, data, file):
    monkeypatch.setenv("MLDATASETS_DIR", str(tmp_path))
    session("using MLDatasets")
    with pytest.raises(weber.WeberError) as error:
        session(data)
    name = data.split("(")[0]
    assert f"{name} needs the file {file}" in str(error.value)
    assert str(tmp_path / name / file) in str(error.value)


def test_damaged_files(session, mnist, tmp_path):
    session("using MLDatasets")
    (tmp_path / "MNIST" / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x09abc")
    with pytest.raises(weber.WeberError, match="train-labels-idx1-ubyte is damaged .* expected 17 bytes"):
        session("MNIST()")
    (tmp_path / "MNIST" / "t10k-labels-idx1-ubyte.gz").write_bytes(b"no gzip")
    with pytest.raises(weber.WeberError, match="not a gzip file"):
        session("MNIST(:test)")
    with pytest.raises(weber.WeberError, match="the splits :train and :test, not :all"):
        session("MNIST(:all)")
