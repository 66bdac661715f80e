"""Packaging: bottle, can, carton, bag, jar, tin, box, tube and their like, each from one `Print`."""

from collections.abc import Callable

from catalogue.demo.printing import CENTRE, WHITE, Print, band, cut, darker
from catalogue.demo.stage import (
    FLOOR,
    Colour,
    Layer,
    cylinder,
    eased,
    flat,
    puffy,
    turned_profile,
)

Pack = Callable[[Print], list[Layer]]


def bottle(
    look: Print, *, wide: float = 62, neck: float = 22, top: float = 70, cap: Colour = ""
) -> list[Layer]:
    """Round, with shoulders and a screw cap; the label is a band around it."""
    outline = turned_profile(
        CENTRE,
        [
            (neck, top + 30),
            (neck, top + 58),
            *eased((neck, top + 58), (wide, top + 150)),
            (wide, FLOOR - 12),
            (wide - 8, FLOOR),
        ],
    )
    body = cut(outline, look.body)
    sheen = Layer()
    sheen.polygon(
        [
            (CENTRE - wide, top + 175),
            (CENTRE + wide, top + 175),
            (CENTRE + wide, top + 178),
            (CENTRE - wide, top + 178),
        ],
        "#ffffff50",
    )
    lid = Layer()
    lid.rounded((CENTRE - neck - 5, top, CENTRE + neck + 5, top + 34), 5, cap or look.accent)
    for step in range(9):
        x = CENTRE - neck + step * (neck * 2) / 8
        lid.line([(x, top + 8), (x, top + 27)], 1.2, "#00000028")
    label = band(look, (CENTRE - wide, top + 188, CENTRE + wide, FLOOR - 32))
    return [label.printed_on(sheen.printed_on(body)).lit(cylinder), lid.lit(cylinder)]


def slim_bottle(look: Print) -> list[Layer]:
    """Oil, cordial, vinegar: a long neck."""
    return bottle(look, wide=54, neck=16, top=44)


def jug(look: Print) -> list[Layer]:
    """A milk jug: square shoulders and a handle."""
    body = cut(
        turned_profile(
            CENTRE, [(26, 98), (26, 112), *eased((26, 112), (84, 178)), (86, FLOOR - 14), (78, FLOOR)]
        ),
        look.body,
    )
    grip = Layer()
    grip.blob([(296, 150), (318, 172), (322, 226), (306, 232), (298, 190), (286, 168)], "#0000001c")
    lid = Layer()
    lid.rounded((CENTRE - 32, 76, CENTRE + 32, 104), 6, look.accent)
    label = band(look, (CENTRE - 86, 216, CENTRE + 86, FLOOR - 36))
    return [label.printed_on(grip.printed_on(body)).lit(cylinder), lid.lit(cylinder)]


def pump(look: Print) -> list[Layer]:
    """Hand wash and shampoo: a round body with a pump."""
    head = Layer()
    head.rounded((CENTRE - 5, 74, CENTRE + 5, 140), 3, "#d9dde2")
    head.rounded((CENTRE - 26, 128, CENTRE + 26, 156), 6, look.accent)
    head.polygon(
        [(CENTRE - 66, 74), (CENTRE - 60, 64), (CENTRE + 24, 58), (CENTRE + 24, 82), (CENTRE - 58, 82)],
        look.accent,
    )
    body = cut(
        turned_profile(CENTRE, [(34, 154), *eased((34, 156), (82, 196), 10), (82, FLOOR - 14), (74, FLOOR)]),
        look.body,
    )
    label = band(look, (CENTRE - 82, 218, CENTRE + 82, FLOOR - 30))
    return [head.lit(cylinder), label.printed_on(body).lit(cylinder)]


def spray(look: Print) -> list[Layer]:
    """A trigger spray."""
    head = Layer()
    head.blob(
        [
            (212, 60),
            (268, 56),
            (290, 74),
            (284, 106),
            (262, 112),
            (258, 138),
            (222, 138),
            (220, 96),
            (206, 92),
        ],
        look.accent,
    )
    head.rounded((180, 62, 216, 84), 4, look.second if look.second != WHITE else "#e8e8ee")
    head.blob(
        [(212, 92), (220, 92), (214, 132), (196, 150), (192, 144), (206, 122)],
        look.second if look.second != WHITE else "#e8e8ee",
    )
    outline = turned_profile(
        CENTRE, [(20, 132), (20, 150), *eased((20, 150), (74, 236)), (72, 300), (78, FLOOR - 12), (70, FLOOR)]
    )
    label = band(look, (CENTRE - 80, 240, CENTRE + 80, FLOOR - 28))
    return [head.lit(cylinder), label.printed_on(cut(outline, look.body)).lit(cylinder)]


def can(look: Print, *, wide: float = 74, top: float = 118) -> list[Layer]:
    """A drinks can, printed all around."""
    outline = turned_profile(
        CENTRE, [(wide - 12, top + 10), (wide, top + 34), (wide, FLOOR - 20), (wide - 12, FLOOR)]
    )
    body = cut(outline, look.body)
    art = Layer()
    art.blob(
        [
            (CENTRE - wide - 30, 330),
            (CENTRE - 20, 296),
            (CENTRE + wide + 30, 350),
            (CENTRE + wide + 30, 480),
            (CENTRE - wide - 30, 480),
        ],
        look.second,
    )
    label = band(look, (CENTRE - wide, top + 56, CENTRE + wide, FLOOR - 40), under=look.accent)
    rim = Layer()
    rim.ellipse((CENTRE - wide + 11, top, CENTRE + wide - 11, top + 20), "#c9ced4")
    rim.ellipse((CENTRE - wide + 19, top + 4, CENTRE + wide - 19, top + 16), "#e9ecef")
    rim.ellipse((CENTRE - 8, top + 6, CENTRE + 22, top + 14), "#aab0b8")
    return [label.printed_on(art.printed_on(body)).lit(cylinder), rim.lit(cylinder)]


def tin(look: Print, *, wide: float = 96, top: float = 190) -> list[Layer]:
    """A food tin: ribs above and below a paper label."""
    body = cut(turned_profile(CENTRE, [(wide, top + 12), (wide, FLOOR - 8), (wide - 6, FLOOR)]), "#cfd4da")
    for y in (top + 24, top + 32, FLOOR - 20, FLOOR - 12):
        body.line([(CENTRE - wide, y), (CENTRE + wide, y)], 2, "#9aa1aa")
    label = band(look, (CENTRE - wide, top + 40, CENTRE + wide, FLOOR - 26), sides=look.body)
    rim = Layer()
    rim.ellipse((CENTRE - wide, top - 4, CENTRE + wide, top + 28), "#b9c0c8")
    rim.ellipse((CENTRE - wide + 8, top, CENTRE + wide - 8, top + 23), "#e6e9ed")
    rim.ellipse((CENTRE - wide + 22, top + 5, CENTRE + wide - 22, top + 19), "#d3d8de")
    return [label.printed_on(body).lit(cylinder), rim.lit(cylinder)]


def jar(look: Print, *, wide: float = 90, top: float = 132) -> list[Layer]:
    """Glass with a lid; `body` is what is inside."""
    outline = turned_profile(
        CENTRE,
        [
            (wide - 18, top + 36),
            *eased((wide - 18, top + 44), (wide, top + 84), 10),
            (wide, FLOOR - 16),
            (wide - 14, FLOOR),
        ],
    )
    glass = cut(outline, "#e7eef2")
    inside = Layer()
    inside.polygon(
        [
            (CENTRE - wide, top + 74),
            (CENTRE + wide, top + 74),
            (CENTRE + wide, FLOOR - 8),
            (CENTRE - wide, FLOOR - 8),
        ],
        look.body,
    )
    lid = Layer()
    lid.rounded((CENTRE - wide + 8, top, CENTRE + wide - 8, top + 42), 8, look.accent)
    lid.line([(CENTRE - wide + 12, top + 30), (CENTRE + wide - 12, top + 30)], 2, "#00000030")
    label = band(look, (CENTRE - wide, top + 104, CENTRE + wide, FLOOR - 34))
    return [label.printed_on(inside.printed_on(glass)).lit(cylinder), lid.lit(cylinder)]


def tub(look: Print) -> list[Layer]:
    """Yoghurt and labneh: a cup that narrows downwards, with a foil lid."""
    body = cut(turned_profile(CENTRE, [(106, 206), (82, FLOOR - 8), (74, FLOOR)]), look.body)
    label = band(look, (CENTRE - 110, 234, CENTRE + 110, FLOOR - 30), inset=34)
    lid = Layer()
    lid.rounded((CENTRE - 116, 190, CENTRE + 116, 212), 9, look.accent)
    lid.blob(
        [(CENTRE + 108, 206), (CENTRE + 138, 212), (CENTRE + 128, 230), (CENTRE + 104, 214)], look.accent
    )
    return [label.printed_on(body).lit(cylinder), lid.lit(cylinder)]


def carton(look: Print, *, wide: float = 76) -> list[Layer]:
    """A drinks carton with a gable top: front and side."""
    left, right, top, depth = CENTRE - wide - 16, CENTRE + wide - 16, 164.0, 38.0
    front = cut([(left, top), (right, top), (right, FLOOR), (left, FLOOR)], look.body)
    label = band(look, (left, top + 16, right, FLOOR - 24))
    side = cut(
        [(right, top), (right + depth, top - 12), (right + depth, FLOOR - 22), (right, FLOOR)],
        darker(look.body, 0.72),
    )
    slope = cut([(left, top), (left + 14, 98), (right + 10, 98), (right, top)], darker(look.body, 1.12))
    gable = cut([(right, top), (right + 10, 98), (right + depth, top - 12)], darker(look.body, 0.6))
    fin = Layer()
    fin.polygon([(left + 14, 74), (right + 10, 74), (right + 10, 100), (left + 14, 100)], look.accent)
    cap = Layer()
    cap.ellipse((CENTRE - 40, 112, CENTRE + 6, 146), darker(look.accent, 0.8))
    cap.ellipse((CENTRE - 40, 104, CENTRE + 6, 136), look.accent)
    return [side, label.printed_on(front).lit(flat), gable, slope.lit(flat), fin.lit(flat), cap.lit(flat)]


def bag(look: Print, *, wide: float = 112, top: float = 96) -> list[Layer]:
    """A sealed pillow bag with serrated ends."""
    left, right, bottom = CENTRE - wide, CENTRE + wide, float(FLOOR)
    waist = [
        (left, top),
        (right, top),
        (right - 4, top + 22),
        (right + 8, top + 110),
        (right + 4, bottom - 60),
        (right, bottom),
    ]
    mirror = [(left, bottom), (left - 4, bottom - 60), (left - 8, top + 110), (left + 4, top + 22)]
    body = cut(waist + mirror, look.body)
    teeth = Layer()
    for y in (top + 8, top + 16, bottom - 16, bottom - 8):
        teeth.line([(left, y), (right, y)], 1.6, "#00000030")
    label = band(look, (left - 10, top + 44, right + 10, bottom - 34), inset=26, under=look.second)
    window = Layer()
    window.blob(
        [
            (left - 20, bottom - 70),
            (CENTRE, bottom - 100),
            (right + 20, bottom - 70),
            (right + 20, bottom - 22),
            (left - 20, bottom - 22),
        ],
        look.second,
    )
    return [teeth.printed_on(label.printed_on(window.printed_on(body))).lit(puffy)]


def sack(look: Print) -> list[Layer]:
    """Flour, rice, sugar: a paper block with a folded top."""
    left, right, top = CENTRE - 96, CENTRE + 96, 150.0
    body = cut(
        [
            (left, top),
            (right, top),
            (right + 5, FLOOR - 14),
            (right - 6, FLOOR),
            (left + 6, FLOOR),
            (left - 5, FLOOR - 14),
        ],
        look.body,
    )
    label = band(look, (left - 5, top + 28, right + 5, FLOOR - 30))
    fold = cut([(left + 4, 104), (right - 4, 104), (right, top + 4), (left, top + 4)], darker(look.body, 1.1))
    fold.line([(left + 4, 126), (right - 4, 126)], 2, "#00000024")
    tape = Layer()
    tape.rounded((CENTRE - 34, 112, CENTRE + 34, top + 22), 4, look.accent)
    return [label.printed_on(body).lit(puffy), fold.lit(flat), tape.lit(flat)]


def box(look: Print, *, wide: float = 104, top: float = 150, depth: float = 54) -> list[Layer]:
    """A cardboard box: front, side and lid."""
    left, right, lift = CENTRE - wide - depth / 2, CENTRE + wide - depth / 2, depth * 0.5
    front = cut([(left, top), (right, top), (right, FLOOR), (left, FLOOR)], look.body)
    label = band(look, (left, top + 12, right, FLOOR - 14))
    side = cut(
        [(right, top), (right + depth, top - lift), (right + depth, FLOOR - lift), (right, FLOOR)],
        darker(look.body, 0.68),
    )
    lid = cut(
        [(left, top), (left + depth, top - lift), (right + depth, top - lift), (right, top)],
        darker(look.body, 1.18),
    )
    stripe = Layer()
    stripe.polygon(
        [
            (right, FLOOR - 60),
            (right + depth, FLOOR - 60 - lift),
            (right + depth, FLOOR - 30 - lift),
            (right, FLOOR - 30),
        ],
        darker(look.accent, 0.75),
    )
    return [side, stripe, lid, label.printed_on(front).lit(flat)]


def flat_box(look: Print) -> list[Layer]:
    """Medicine, biscuits, butter: lower and wider."""
    return box(look, wide=142, top=262, depth=46)


def tube(look: Print) -> list[Layer]:
    """Toothpaste or cream, standing on its cap."""
    body = cut(
        [
            (CENTRE - 78, 70),
            (CENTRE + 78, 70),
            (CENTRE + 76, 96),
            (CENTRE + 50, 366),
            (CENTRE - 50, 366),
            (CENTRE - 76, 96),
        ],
        look.body,
    )
    body.line([(CENTRE - 78, 84), (CENTRE + 78, 84)], 1.6, "#00000028")
    body.line([(CENTRE - 78, 92), (CENTRE + 78, 92)], 1.6, "#00000028")
    label = band(look, (CENTRE - 70, 118, CENTRE + 70, 340), inset=22)
    cap = cut(turned_profile(CENTRE, [(44, 362), (40, FLOOR)]), look.accent)
    for step in range(10):
        x = CENTRE - 36 + step * 8
        cap.line([(x, 372), (x, FLOOR - 6)], 1.4, "#00000024")
    return [cap.lit(cylinder), label.printed_on(body).lit(cylinder)]


def bar(look: Print) -> list[Layer]:
    """A wrapped bar, lying at a slant."""
    wrapper = cut([(76, 186), (404, 186), (404, 318), (76, 318)], look.body)
    for x in (84, 92, 388, 396):
        wrapper.line([(x, 186), (x, 318)], 2, "#00000030")
    art = Layer()
    art.polygon([(104, 186), (150, 186), (118, 318), (104, 318)], look.accent)
    art.polygon([(330, 186), (376, 186), (376, 318), (298, 318)], look.accent)
    words = Layer()
    words.rounded((126, 206, 350, 298), 12, look.band)
    words.text((136, 210, 340, 268), look.words, look.ink, lines_max=2)
    words.text((150, 268, 326, 294), look.small, look.ink, lines_max=1)
    return [words.printed_on(art.printed_on(wrapper)).lit(puffy).turned(12)]


def block(look: Print) -> list[Layer]:
    """Tissues, kitchen rolls, sponges in a soft wrapping: wide and low."""
    body = Layer()
    body.rounded((84, 196, 396, FLOOR), 30, look.body)
    label = band(look, (84, 222, 396, FLOOR - 22), inset=34, under=look.body)
    return [label.printed_on(body).lit(puffy)]
