"""The font of what the program draws: Noto Sans CJK (OFL), which comes as a package, so that it is there everywhere."""

import io
from pathlib import Path
from typing import Any

SIMPLIFIED = 2
"""Which font of the collection has the forms of simplified Chinese."""

FAMILY = "Noto Sans CJK SC"
"""What that font of the collection is called."""

_NEEDLESS = ["BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx"]
"""Tables for vertical and for shaped writing."""

_COUNTS = (
    "maxZones",
    "maxTwilightPoints",
    "maxStorage",
    "maxFunctionDefs",
    "maxInstructionDefs",
    "maxStackElements",
    "maxSizeOfInstructions",
    "maxComponentElements",
)


def path() -> Path:
    """The collection, an OpenType file with outlines of the PostScript kind."""
    from noto_cjk_sans_otc import FONT_PATH

    return Path(str(FONT_PATH))


def true_type(text: str) -> bytes:
    """A small font with the characters of a text, for what embeds TrueType only. Others become an empty box."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True)
    options.drop_tables += _NEEDLESS
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text + " ")
    target = io.BytesIO()
    with TTFont(path(), fontNumber=SIMPLIFIED, lazy=True, recalcTimestamp=False) as font:
        subsetter.subset(font)
        _to_quadratic(font)
        font.save(target, reorderTables=False)
    return target.getvalue()


def _to_quadratic(font: Any) -> None:
    """Cubic outlines become quadratic ones, at most a thousandth of the type size off."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import newTable

    shapes, glyphs = font.getGlyphSet(), {}
    for name in font.getGlyphOrder():
        pen = TTGlyphPen(None)
        shapes[name].draw(Cu2QuPen(pen, 1.0, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = font.getGlyphOrder(), glyphs
    del font["CFF "]
    font["maxp"].tableVersion = 0x00010000
    for name in _COUNTS:
        setattr(font["maxp"], name, 1 if name == "maxZones" else 0)
    font["post"].formatType = 3.0
    font.sfntVersion = "\x00\x01\x00\x00"
