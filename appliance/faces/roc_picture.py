"""The curve as a picture (PNG): false acceptance to the right, logarithmic; true acceptance upwards."""

import io
import math

from PIL import Image, ImageDraw

from appliance.faces.curve import FAR_TARGET, Pairs, Point

SIZE = (900, 640)
LEFT, TOP, RIGHT, BOTTOM = 90, 50, 870, 560
LEAST = 1e-4
"""The left edge; smaller rates, 0 among them, are drawn on it."""
INK, GRID, LINE, MARK = (32, 36, 40), (218, 222, 226), (16, 88, 168), (192, 48, 32)


def _place(point: Point) -> tuple[float, float]:
    across = 1 - math.log10(max(point.far, LEAST)) / math.log10(LEAST)
    return LEFT + across * (RIGHT - LEFT), BOTTOM - (1 - point.frr) * (BOTTOM - TOP)


def draw(pairs: Pairs, title: str) -> bytes:
    """PNG bytes. Marked: the equal-error point and the threshold for FAR 0.1 %."""
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    for power in range(round(math.log10(LEAST)), 1):
        x, _ = _place(Point(0, 0, 10.0**power))
        pen.line([(x, TOP), (x, BOTTOM)], GRID)
        pen.text((x, BOTTOM + 8), f"{10.0**power * 100:g} %", INK, anchor="ma")
    for tenth in range(11):
        _, y = _place(Point(0, 1 - tenth / 10, 1))
        pen.line([(LEFT, y), (RIGHT, y)], GRID)
        pen.text((LEFT - 8, y), f"{tenth * 10} %", INK, anchor="rm")
    pen.text((LEFT, 18), title, INK, font_size=16)
    pen.text(((LEFT + RIGHT) / 2, BOTTOM + 34), "FAR", INK, anchor="ma", font_size=14)
    pen.text((8, TOP - 22), "1 - FRR", INK, font_size=14)
    steps: list[tuple[float, float]] = []
    for point in map(pairs.at, pairs.steps()):
        here = _place(point)
        if steps and steps[-1][0] != here[0]:
            steps.append((here[0], steps[-1][1]))  # rates jump: a stair, no slope between two pairs
        steps.append(here)
    pen.line(steps, LINE, width=3)
    for point, name in ((pairs.equal_error(), "EER"), (pairs.at_far(), f"FAR {FAR_TARGET:.1%}")):
        x, y = _place(point)
        pen.ellipse([x - 5, y - 5, x + 5, y + 5], outline=MARK, width=2)
        text = f"{name}: < {point.threshold:.3f}  FRR {point.frr:.2%}  FAR {point.far:.2%}"
        down = 14 if name == "EER" else 32
        pen.text((min(x + 10, RIGHT - 290), min(y + down, BOTTOM - 18)), text, MARK, font_size=13)
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()
