"""QR codes as rows of modules and as vector pictures."""

from __future__ import annotations

import re

import qrcode

QUIET_MODULES = 4  # ISO/IEC 18004, section 6.3.8
SEGMENT_CHARS_MIN = 8  # shorter runs cost more in segment headers than they save (docs/adr/0012)

Matrix = tuple[tuple[bool, ...], ...]


def qr_matrix(text: str) -> Matrix:
    """Rows of modules, True is dark, without the quiet zone. Level M."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=0)
    code.add_data(text, optimize=SEGMENT_CHARS_MIN)
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


def qr_svg(rows: Matrix) -> str:
    """One module is one unit; the page decides the size. Quiet zone included."""
    side = len(rows) + 2 * QUIET_MODULES
    path = "".join(
        f"M{x + QUIET_MODULES} {y + QUIET_MODULES}h{width}v1h-{width}z" for x, y, width in dark_runs(rows)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>'
    )


def dark_runs(rows: Matrix) -> list[tuple[int, int, int]]:
    """(x, y, width) of every horizontal run of dark modules: what a vector picture draws."""
    runs: list[tuple[int, int, int]] = []
    for y, row in enumerate(rows):
        line = "".join("#" if dark else " " for dark in row)
        runs.extend((run.start(), y, len(run[0])) for run in re.finditer("#+", line))
    return runs
