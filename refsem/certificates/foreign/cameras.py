"""`torchlean.camera.box3d.v1`: the corners of a solid box, projected, lie in an image box.

Exact arithmetic on the decimals. A tolerance in the file is granted by nobody: the corners must
lie in the image box without it.
"""

from gmpy2 import mpq

from refsem.certificates.foreign.material import FileFormat, Material, called
from refsem.certificates.report import Answers, CheckReport, Finding, judged
from refsem.exact import ExactTensor
from refsem.rounding import BINARY64
from refsem.untrusted.decimals import read_decimal, read_vector

NAME = "torchlean.camera.box3d.v1"

ANSWERS = Answers(
    "eight corners in space, a projection matrix and a box in the image",
    "anyone: all of them are taken from the file",
    "each corner is in front of the camera, in the image and, projected, in the image box, exactly",
    "none is needed for the corners; a box's points in front of a camera project into their hull",
    "where matrix, corners and image box come from, and what the picture shows; the file's `tol`",
)

_KEYS = ("image_width", "image_height", "tol", "camera_P", "corners3d", "bbox2d")


def check_camera(material: Material) -> CheckReport:
    """Whether every projected corner lies in the image and in the stated box, exactly."""
    members = material.root.members(("format", *_KEYS), ("source",))
    width, height, tolerance = (read_decimal(members[key]) for key in _KEYS[:3])
    matrix = read_vector(members["camera_P"], 12).reshape(3, 4)
    corners = read_vector(members["corners3d"], 24).reshape(8, 3)
    left, top, right, bottom = read_vector(members["bbox2d"], 4).rationals()
    findings = []
    if tolerance != 0:
        findings.append(Finding("tol", "a file does not grant itself a tolerance", tolerance))
    if left > right or top > bottom:
        findings.append(Finding("bbox2d", "the box is empty"))
    if min(width, height) <= 0:
        findings.append(Finding("image_width", "the image is empty"))
    frames = ("the image", mpq(0), mpq(0), width, height), ("bbox2d", left, top, right, bottom)
    for index, (x, y, depth) in enumerate(_projected(matrix, corners)):
        place = f"corners3d[{3 * index}]"
        if depth <= 0:
            findings.append(Finding(place, "is not in front of the camera", mpq(0), depth))
            continue
        for frame, low_x, low_y, high_x, high_y in frames:
            findings += [
                Finding(place, f"projects outside {frame}", end, value, BINARY64)
                for value, low, high in ((x / depth, low_x, high_x), (y / depth, low_y, high_y))
                for end in (low, high)
                if (value < low and end is low) or (value > high and end is high)
            ]
    return judged(NAME, ANSWERS, findings, "all 8 corners project into the image box, exactly")


def _projected(matrix: ExactTensor, corners: ExactTensor) -> list[tuple[mpq, mpq, mpq]]:
    """Homogeneous image coordinates of each corner."""
    ones = ExactTensor.full((8, 1), mpq(1))
    rows = []
    for index in range(8):
        point = [*corners[index].rationals(), *ones[index].rationals()]
        x, y, depth = (
            sum((a * b for a, b in zip(matrix[row].rationals(), point, strict=True)), mpq(0))
            for row in range(3)
        )
        rows.append((x, y, depth))
    return rows


FORMAT = FileFormat(NAME, called(NAME), check_camera)
