"""The presenter's parts: hair, shoulders, head and arm, each a sprite painted once."""

from __future__ import annotations

from .layers import Colour, Layer, Mask, Sprite

SKIN: Colour = (228, 176, 146)
SKIN_LIGHT: Colour = (250, 212, 182)
SKIN_SHADE: Colour = (176, 112, 88)
SKIN_DEEP: Colour = (128, 72, 60)
BLUSH: Colour = (222, 122, 104)
HAIR: Colour = (74, 46, 36)
HAIR_LIGHT: Colour = (138, 88, 58)
HAIR_DARK: Colour = (38, 24, 22)
KNIT: Colour = (38, 116, 124)
KNIT_LIGHT: Colour = (84, 168, 168)
KNIT_DARK: Colour = (18, 64, 76)
SHIRT: Colour = (240, 232, 216)

HEAD_ORIGIN = (200.0, 230.0)
BODY_ORIGIN = (400.0, 80.0)
ARM_ORIGIN = (140.0, 470.0)

FACE = [
    (0, -152), (64, -140), (104, -92), (112, -24), (106, 40), (86, 96), (48, 138), (0, 154),
    (-48, 138), (-86, 96), (-106, 40), (-112, -24), (-104, -92), (-64, -140),
]  # fmt: skip
FRINGE = [
    (8, -100), (-40, -96), (-78, -66), (-98, -20), (-108, 34), (-126, 20), (-138, -50), (-124, -126), (-76, -182),
    (0, -204), (78, -190), (126, -138), (140, -58), (126, 24), (108, 36), (102, -26), (84, -74), (50, -112),
]  # fmt: skip


def paint_body(scale: float) -> Sprite:
    """Neck, shoulders and chest in a knitted pullover over a shirt; (0, 0) is the pit of the neck."""
    body = Layer(800, 520, origin=BODY_ORIGIN, scale=scale, colour=KNIT)
    # The hair behind the neck belongs to the body: it moves as little, and one sprite less is to be blended.
    body.paint(body.blob([(-120, -70), (-128, 10), (-100, 78), (100, 78), (128, 10), (120, -70)]), HAIR_DARK)
    chest = body.blob(
        [(-70, -6), (-140, 22), (-250, 62), (-312, 130), (-346, 260), (-372, 480), (372, 480), (346, 260), (312, 130),
         (250, 62), (140, 22), (70, -6), (0, 30)]
    )  # fmt: skip
    body.paint(chest, KNIT)
    body.paint(body.fall((-60, 0), (380, 260)), KNIT_DARK, strength=0.75, within=chest)
    body.paint(body.ellipse(-215, 110, 120, 60, turn=-28, soft=34), KNIT_LIGHT, strength=0.6, within=chest)
    body.paint(body.ellipse(190, 92, 80, 34, turn=26, soft=26), KNIT_LIGHT, strength=0.28, within=chest)
    for x, lean in ((-232, 20), (222, -14), (-90, 8), (110, -10)):
        fold = body.line([(x, 190), (x + lean, 300), (x + 2 * lean, 470)], thickness=12, soft=9)
        body.paint(fold, KNIT_DARK, strength=0.55, within=chest)
    neck = body.blob([(-56, -90), (-58, -20), (-78, 20), (-40, 52), (0, 62), (40, 52), (78, 20), (58, -20), (56, -90)])
    body.paint(neck, SKIN)
    body.paint(body.fall((-70, 0), (90, 20)), SKIN_SHADE, strength=0.55, within=neck)
    body.paint(body.ellipse(8, -40, 80, 48, soft=20), SKIN_DEEP, strength=0.75, within=neck)
    _collar(body, chest)
    return body.sprite()


def _collar(body: Layer, chest: Mask) -> None:
    body.paint(body.line([(-84, 12), (-56, 56), (0, 84), (56, 56), (84, 12)], thickness=22), KNIT_LIGHT, strength=0.85)
    rim = body.line([(-88, 22), (-58, 68), (0, 98), (58, 68), (88, 22)], thickness=7, soft=3)
    body.paint(rim, KNIT_DARK, strength=0.8, within=chest)
    for side in (-1, 1):
        points = [(side * 82, 2), (side * 60, 40), (side * 18, 76), (side * 44, 84), (side * 84, 50), (side * 100, 16)]
        body.paint(body.blob(points), SHIRT)
        edge = body.line([(side * 18, 76), (side * 46, 84), (side * 86, 50)], thickness=4, soft=2)
        body.paint(edge, (150, 142, 132), strength=0.7)


def paint_head(scale: float) -> Sprite:
    """Face, ears and the hair around them, without eyes, brows, nose and mouth; (0, 0) is the middle of the face."""
    head = Layer(400, 530, origin=HEAD_ORIGIN, scale=scale, colour=HAIR)
    _locks(head)
    for side in (-1, 1):
        ear = head.ellipse(side * 112, 6, 18, 34, turn=side * 8)
        head.paint(ear, SKIN)
        head.paint(head.ellipse(side * 113, 8, 8, 20, soft=4), SKIN_SHADE, strength=0.7, within=ear)
    face = head.blob(FACE)
    head.paint(face, SKIN)
    _shade_face(head, face)
    fringe = head.blob(FRINGE)
    head.paint(head.blob([(x, y + 12) for x, y in FRINGE], soft=9), SKIN_DEEP, strength=0.55, within=face)
    head.paint(fringe, HAIR)
    head.paint(head.ellipse(-50, -158, 74, 26, turn=-24, soft=14), HAIR_LIGHT, strength=0.75, within=fringe)
    head.paint(head.ellipse(96, -120, 40, 70, turn=-24, soft=24), HAIR_DARK, strength=0.7, within=fringe)
    for shift in (0, 15, 30, 46):
        strand = head.line([(14 - shift, -196), (-52 - shift, -150), (-104 - shift * 0.5, -40)], thickness=4, soft=2)
        head.paint(strand, HAIR_DARK if shift % 4 else HAIR_LIGHT, strength=0.4, within=fringe)
        strand = head.line([(20 + shift, -198), (78 + shift, -140), (116 + shift * 0.4, -30)], thickness=4, soft=2)
        head.paint(strand, HAIR_DARK, strength=0.4, within=fringe)
    return head.sprite()


def _locks(head: Layer) -> None:
    """The hair that falls before the shoulders on both sides."""
    for side in (-1, 1):
        outline = [(60, -180), (128, -130), (150, -20), (160, 100), (158, 210), (132, 270), (100, 282), (94, 240),
                   (100, 160), (90, 110), (86, 0), (60, -80)]  # fmt: skip
        lock = head.blob([(side * x, y) for x, y in outline])
        head.paint(lock, HAIR)
        head.paint(
            head.line([(side * 92, 60), (side * 98, 160), (side * 96, 280)], thickness=22, soft=10),
            HAIR_DARK,
            strength=0.8,
            within=lock,
        )
        for x, colour in ((112, HAIR_LIGHT), (126, HAIR_DARK), (142, HAIR_LIGHT)):
            strand = head.line([(side * x, -40), (side * x * 1.04, 110), (side * x * 0.92, 262)], thickness=5, soft=3)
            head.paint(strand, colour, strength=0.5 if side < 0 else 0.3, within=lock)


def _shade_face(head: Layer, face: Mask) -> None:
    """Light from the window on the left of the picture."""
    head.paint(head.fall((-20, -20), (130, 60)), SKIN_SHADE, strength=0.72, within=face)
    head.paint(head.ellipse(-54, 34, 46, 60, soft=26), SKIN_LIGHT, strength=0.7, within=face)
    head.paint(head.ellipse(-20, -78, 62, 30, soft=20), SKIN_LIGHT, strength=0.65, within=face)
    for side in (-1, 1):
        head.paint(head.ellipse(side * 47, -10, 34, 22, soft=10), SKIN_SHADE, strength=0.42, within=face)
        head.paint(head.ellipse(side * 64, 48, 28, 20, soft=14), BLUSH, strength=0.42, within=face)
    head.paint(head.ellipse(4, 172, 90, 42, soft=18), SKIN_SHADE, strength=0.6, within=face)
    head.paint(head.ellipse(2, 118, 26, 9, soft=6), SKIN_SHADE, strength=0.5, within=face)


def paint_arm(scale: float) -> Sprite:
    """A forearm in its sleeve with an open hand; (0, 0) is the elbow, the hand points up."""
    arm = Layer(290, 560, origin=ARM_ORIGIN, scale=scale, colour=SKIN)
    wrist = arm.blob([(-27, -170), (-30, -270), (30, -270), (27, -170)])
    arm.paint(wrist, SKIN)
    skin = wrist
    for foot, tip, thickness in (
        ((-34, -322), (-58, -412), 25), ((-12, -332), (-18, -440), 26), ((13, -332), (24, -432), 25),
        ((35, -320), (62, -398), 22), ((-34, -280), (-88, -330), 27),
    ):  # fmt: skip
        finger = arm.line([foot, ((foot[0] + tip[0]) / 2, (foot[1] + tip[1]) / 2), tip], thickness=thickness)
        arm.paint(finger, SKIN)
        edge = arm.line([(foot[0] + 9, foot[1]), (tip[0] + 9, tip[1])], thickness=8, soft=3)
        arm.paint(edge, SKIN_SHADE, strength=0.6, within=finger)
        skin = skin + finger * (1 - skin)
    palm = arm.blob(
        [(-46, -320), (-30, -346), (0, -352), (34, -344), (48, -318), (44, -268), (30, -238), (-30, -238), (-46, -268)]
    )
    arm.paint(palm, SKIN)
    skin = skin + palm * (1 - skin)
    arm.paint(arm.ellipse(-16, -300, 26, 34, soft=14), SKIN_LIGHT, strength=0.6, within=palm)
    arm.paint(arm.ellipse(30, -276, 14, 44, soft=10), SKIN_SHADE, strength=0.5, within=palm)
    for points in ([(-38, -300), (-4, -316), (40, -308)], [(-30, -246), (-18, -286), (-40, -306)]):
        arm.paint(arm.line(points, thickness=4, soft=2), SKIN_SHADE, strength=0.7, within=palm)
    arm.paint(arm.ellipse(0, -196, 40, 16, soft=8), SKIN_DEEP, strength=0.6, within=skin)
    sleeve = arm.blob([(-44, -196), (0, -204), (44, -196), (60, -80), (76, 70), (0, 88), (-76, 70), (-60, -80)])
    arm.paint(sleeve, KNIT)
    arm.paint(arm.fall((-30, 0), (70, 20)), KNIT_DARK, strength=0.8, within=sleeve)
    arm.paint(arm.ellipse(-30, -70, 16, 110, soft=12), KNIT_LIGHT, strength=0.6, within=sleeve)
    arm.paint(
        arm.line([(-42, -178), (0, -184), (42, -178)], thickness=6, soft=3), KNIT_DARK, strength=0.7, within=sleeve
    )
    return arm.sprite()
