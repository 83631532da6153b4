"""Just enough ONNX (protobuf, opset 11) to give OpenCV's face classes real files with known answers.

They stand for YuNet and SFace, which are not shipped: the real code of OpenCV loads them, runs them and reads
their outputs. YuNet: 12 maps of scores, boxes and points at strides 8, 16, 32; here made by convolutions that
ignore the picture and a bias per cell, so that one face stands where the test puts it. SFace: 112 x 112 in,
128 numbers out; here the picture averaged to a grid.
"""

import struct

import numpy as np
import numpy.typing as npt


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    body = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def tensor(name: str, values: npt.NDArray[np.generic]) -> bytes:
    kind = 1 if values.dtype == np.float32 else 7
    dims = b"".join(_field(1, size) for size in values.shape)
    return dims + _field(2, kind) + _field(8, name) + _field(9, values.tobytes())


def ints(name: str, *values: int) -> bytes:
    return _field(1, name) + b"".join(_field(8, value) for value in values) + _field(20, 7)


def integer(name: str, value: int) -> bytes:
    return _field(1, name) + _field(3, value) + _field(20, 2)


def node(kind: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    body = b"".join(_field(1, one) for one in inputs) + _field(2, output) + _field(3, output)
    return body + _field(4, kind) + b"".join(_field(5, one) for one in attributes)


def value(name: str, *shape: int) -> bytes:
    dims = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))


def model(nodes: list[bytes], tensors: list[bytes], given: bytes, outputs: list[bytes]) -> bytes:
    graph = b"".join(_field(1, one) for one in nodes) + _field(2, "tiny")
    graph += b"".join(_field(5, one) for one in tensors) + _field(11, given)
    graph += b"".join(_field(12, one) for one in outputs)
    return _field(1, 7) + _field(7, graph) + _field(8, _field(2, 11))


def yunet(width: int, height: int, face: tuple[float, float, float, float]) -> bytes:
    """A detector for pictures of this size (multiples of 32) that sees one face: left, top, width, height."""
    nodes, tensors, outputs = [], [], []
    left, top, wide, high = face
    for stride in (8, 16, 32):
        columns, rows = width // stride, height // stride
        cells = columns * rows
        column = min(int((left + wide / 2) / stride), columns - 1)
        row = min(int((top + high / 2) / stride), rows - 1)
        here = row * columns + column
        score = np.zeros((1, cells, 1), np.float32)
        score[0, here] = 1.0 if stride == 16 else 0.0
        box = np.zeros((1, cells, 4), np.float32)
        middle = ((left + wide / 2) / stride - column, (top + high / 2) / stride - row)
        box[0, here] = [*middle, np.log(wide / stride), np.log(high / stride)]
        points = np.zeros((1, cells, 10), np.float32)
        for index, (x, y) in enumerate(((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))):
            points[0, here, 2 * index] = (left + x * wide) / stride - column
            points[0, here, 2 * index + 1] = (top + y * high) / stride - row
        for name, values in (("cls", score), ("obj", score), ("bbox", box), ("kps", points)):
            depth, out = values.shape[2], f"{name}_{stride}"
            tensors.append(tensor(f"{out}w", np.zeros((depth, 3, stride, stride), np.float32)))
            tensors.append(tensor(f"{out}s", np.array([1, cells, depth], np.int64)))
            tensors.append(tensor(f"{out}b", values))
            step = ints("strides", stride, stride)
            nodes.append(node("Conv", ["input", f"{out}w"], f"{out}c", step))
            nodes.append(node("Transpose", [f"{out}c"], f"{out}t", ints("perm", 0, 2, 3, 1)))
            nodes.append(node("Reshape", [f"{out}t", f"{out}s"], f"{out}r"))
            nodes.append(node("Add", [f"{out}r", f"{out}b"], out))
            outputs.append(value(out, 1, cells, depth))
    return model(nodes, tensors, value("input", 1, 3, height, width), outputs)


def sface() -> bytes:
    """A describer: 3 colours on a 6 x 7 grid, 126 numbers and two noughts to make 128."""
    size = ints("kernel_shape", 16, 18), ints("strides", 16, 18)
    tensors = [
        tensor("s", np.array([1, 126], np.int64)),
        tensor("w", np.eye(126, 128, dtype=np.float32)),
        tensor("b", np.zeros(128, np.float32)),
    ]
    nodes = [
        node("AveragePool", ["data"], "p", *size),
        node("Reshape", ["p", "s"], "r"),
        node("Gemm", ["r", "w", "b"], "fc1"),
    ]
    assert struct.calcsize("f") == 4
    return model(nodes, tensors, value("data", 1, 3, 112, 112), [value("fc1", 1, 128)])


def detector(classes: int, places: list[tuple[int, float, float, float, float, float]]) -> bytes:
    """A detector of devices for docs/faces.md's shape: 1 x 3 x 640 x 640 in, 1 x (4 + classes) x N out.

    `places`: class, score, middle x and y, width and height in pixels of the input. Each score is taken times the mean
    red of the picture: a black picture shows nothing, so that a test sees the picture go through.
    """
    count = len(places)
    boxes = np.zeros((1, 4, count), np.float32)
    scores = np.zeros((1, classes, count), np.float32)
    for index, (kind, score, x, y, wide, high) in enumerate(places):
        boxes[0, :, index] = x, y, wide, high
        scores[0, kind, index] = score
    tensors = [
        tensor("boxes", boxes),
        tensor("scores", scores),
        tensor("red", np.array([[[[1.0]], [[0.0]], [[0.0]]]], np.float32)),
        tensor("one", np.array([1, 1, 1], np.int64)),
    ]
    size = ints("kernel_shape", 640, 640), ints("strides", 640, 640)
    nodes = [
        node("AveragePool", ["images"], "mean", *size),
        node("Conv", ["mean", "red"], "level", ints("kernel_shape", 1, 1)),
        node("Reshape", ["level", "one"], "share"),
        node("Mul", ["scores", "share"], "shown"),
        node("Concat", ["boxes", "shown"], "output0", integer("axis", 1)),
    ]
    return model(nodes, tensors, value("images", 1, 3, 640, 640), [value("output0", 1, 4 + classes, count)])
