"""A square code for a stall, with the digits below for those who do not scan it.

The libraries are imported when the first one is drawn.
"""

import io

BOX, BORDER = 16, 4
"""Pixels of one square, and squares of white around the code: what the standard asks for."""

DIGITS = 120
"""Pixels of the digits: to be read from a step away when the picture is printed."""


def picture(words: str, digits: str) -> bytes:
    """PNG of a code that says these words."""
    import qrcode
    from PIL import Image, ImageDraw, ImageFont
    from qrcode.constants import ERROR_CORRECT_Q

    made = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, box_size=BOX, border=BORDER)
    made.add_data(words.encode())
    code = made.make_image().get_image().convert("L")
    page = Image.new("L", (code.width, code.height + DIGITS + BOX * BORDER), "white")
    page.paste(code, (0, 0))
    draw = ImageDraw.Draw(page)
    draw.text((page.width / 2, code.height), digits, "black", ImageFont.load_default(DIGITS), anchor="ma")
    target = io.BytesIO()
    page.save(target, "PNG", optimize=True)
    return target.getvalue()
