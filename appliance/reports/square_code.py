"""The square code (QR, ISO/IEC 18004) at the end of the exam-room record, as SVG in a data address."""

import base64

import numpy as np


def square_code(text: str) -> str:
    """`text` as a `data:image/svg+xml` address, with the quiet zone of 4 modules."""
    import cv2  # slow to load: only when a record is printed

    settings = cv2.QRCodeEncoder_Params()  # type: ignore[attr-defined]
    settings.correction_level = cv2.QRCodeEncoder_CORRECT_LEVEL_M
    encoder = cv2.QRCodeEncoder_create(settings)  # type: ignore[attr-defined]
    modules = np.asarray(encoder.encode(text)) < 128
    dark = np.argwhere(modules)
    # The encoder may add its own border: cut to the dark square and add exactly four modules.
    top, left = dark.min(axis=0)
    side = int(dark.max()) - int(min(top, left)) + 1
    path = "".join(f"M{x - left + 4} {y - top + 4}h1v1h-1z" for y, x in dark)
    size = side + 8
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{path}" fill="#000"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
