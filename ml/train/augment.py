"""What a telephone in a shop does to a face: another frame of it, another light, noise, a hand, a mask.

Whole batches in torch, on the device that trains. The crops of a prepared folder carry a margin, so the frame can
move without empty borders; how far it moves imitates another detector's points (TARGETS: alignment decides more
than the net)."""

import io

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ml.data.finder import CROP_PX
from ml.data.masks import draw_mask
from ml.face.align import SIZE_PX

TURN_RAD, ZOOM, SHIFT_PX = 0.06, 0.035, 1.6  # standard deviations
LIGHT, BRIGHTNESS, TINT = 0.2, 0.12, 0.05
SHARE = 1 / 8  # of a batch that each of the rarer harms hits, no picture twice
SMALL_PX = (28, 90)  # side of a face seen from afar
JPEG_QUALITY = (25, 80)
HIDDEN_PX = ((20, 70), (20, 110))  # height and width of what hides a part

Crops = NDArray[np.uint8]
Floats = NDArray[np.float32]


def photograph(
    crops: Crops, meshes: Floats, rng: np.random.Generator, *, masked: float, device: str
) -> Tensor:
    """crops: (n, 192, 192, 3) RGB with their margin; meshes: (n, 468, 2) in px of the crop, NaN where unknown;
    masked: share of faces that get a drawn mask, if their mesh is known. → (n, 3, 150, 150) float 0..255,
    channels last."""
    crops = crops.copy()
    for i in np.flatnonzero((rng.random(len(crops)) < masked) & np.isfinite(meshes).all(axis=(1, 2))):
        crops[i] = draw_mask(crops[i], meshes[i], rng)
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    faces = torch.from_numpy(crops).permute(0, 3, 1, 2).float()
    faces = _lit(_framed(faces, generator), generator)
    order, count = rng.permutation(len(faces)), int(SHARE * len(faces))
    grey, far, farther, packed, hidden = (order[i * count : (i + 1) * count] for i in range(5))
    faces[grey] = faces[grey].mean(dim=1, keepdim=True)
    for some in (far, farther):
        faces[some] = _from_afar(faces[some], int(rng.integers(*SMALL_PX)))
    for i in packed:
        faces[i] = _as_jpeg(faces[i], int(rng.integers(*JPEG_QUALITY)))
    for i in hidden:
        _hide(faces[i], rng)
    return faces.to(device).contiguous(memory_format=torch.channels_last)


def plain(crops: Crops, device: str) -> Tensor:
    """(n, 150, 150, 3) as served → (n, 3, 150, 150) float 0..255, channels last."""
    faces = torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).float()
    return faces.contiguous(memory_format=torch.channels_last)


def _framed(faces: Tensor, generator: torch.Generator) -> Tensor:
    n = len(faces)
    normal = [torch.randn(n, generator=generator) for _ in range(4)]
    mirrored = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    zoom = torch.exp(normal[0] * ZOOM) * SIZE_PX / CROP_PX
    cos, sin = torch.cos(normal[1] * TURN_RAD) * zoom, torch.sin(normal[1] * TURN_RAD) * zoom
    right, down = (part * SHIFT_PX * 2 / CROP_PX for part in normal[2:])
    frames = torch.stack([cos * mirrored, -sin, right, sin * mirrored, cos, down], dim=1).reshape(n, 2, 3)
    grid = functional.affine_grid(frames, [n, 3, SIZE_PX, SIZE_PX], align_corners=False)
    return functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)


def _lit(faces: Tensor, generator: torch.Generator) -> Tensor:
    n = len(faces)
    gamma = torch.exp(torch.randn(n, 1, 1, 1, generator=generator) * LIGHT)
    tint = 1 + torch.randn(n, 3, 1, 1, generator=generator) * TINT
    brightness = 1 + torch.randn(n, 1, 1, 1, generator=generator) * BRIGHTNESS
    return ((faces / 255).clamp(1e-3, 1) ** gamma * tint * brightness).clamp(0, 1) * 255


def _from_afar(faces: Tensor, side: int) -> Tensor:
    small = functional.interpolate(faces, size=(side, side), mode="area")
    return functional.interpolate(small, size=(SIZE_PX, SIZE_PX), mode="bilinear", align_corners=False)


def _as_jpeg(face: Tensor, quality: int) -> Tensor:
    file = io.BytesIO()
    Image.fromarray(face.permute(1, 2, 0).byte().numpy()).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1).float()


def _hide(face: Tensor, rng: np.random.Generator) -> None:
    """One colour, or noise, over a rectangle of the face (3, 150, 150), in place."""
    height, width = (int(rng.integers(*sides)) for sides in HIDDEN_PX)
    top, left = int(rng.integers(SIZE_PX - height)), int(rng.integers(SIZE_PX - width))
    shape = (3, 1, 1) if rng.random() < 0.7 else (3, height, width)
    face[:, top : top + height, left : left + width] = torch.from_numpy(
        rng.uniform(0, 255, shape).astype(np.float32)
    )
