"""Why a picture is refused or a comparison ends as it does: stable codes, and what the person should
change."""

from enum import StrEnum


class Reason(StrEnum):
    """The values are part of the API and of stored attempts: add, never rename."""

    PICTURE_TOO_LARGE = "picture_too_large"
    PICTURE_TOO_MANY_PIXELS = "picture_too_many_pixels"
    PICTURE_FORMAT = "picture_format"
    PICTURE_HEIC = "picture_heic"
    PICTURE_ANIMATED = "picture_animated"
    PICTURE_BROKEN = "picture_broken"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    FACE_TOO_SMALL = "face_too_small"
    FACE_CUT_OFF = "face_cut_off"
    FACE_TURNED = "face_turned"
    FACE_TOO_DARK = "face_too_dark"
    FACE_TOO_BRIGHT = "face_too_bright"
    FACE_LOW_CONTRAST = "face_low_contrast"
    FACE_TOO_BLURRED = "face_too_blurred"
    MATCH = "match"
    BELOW_THRESHOLD = "below_threshold"


ADVICE: dict[Reason, tuple[str, str]] = {
    # what to change, English and Arabic; refused pictures only
    Reason.PICTURE_TOO_LARGE: (
        "The file is larger than 10 MB. Take a smaller picture.",
        "حجم الملف أكبر من 10 ميغابايت. التقط صورة أصغر.",
    ),
    Reason.PICTURE_TOO_MANY_PIXELS: (
        "The picture has more than 24 megapixels. Choose a lower camera resolution.",
        "الصورة تتجاوز 24 ميغابكسل. اختر دقة أقل للكاميرا.",
    ),
    Reason.PICTURE_FORMAT: (
        "This is not a JPEG, PNG or WebP picture. Send one of these formats.",
        "هذه ليست صورة بصيغة JPEG أو PNG أو WebP. أرسل إحدى هذه الصيغ.",
    ),
    Reason.PICTURE_HEIC: (
        "HEIC pictures cannot be read. On an iPhone choose Settings, Camera, Formats, Most Compatible.",
        "لا يمكن قراءة صور HEIC. في iPhone اختر الإعدادات، الكاميرا، التنسيقات، الأكثر توافقًا.",
    ),
    Reason.PICTURE_ANIMATED: (
        "The picture is animated. Send a single still picture.",
        "الصورة متحركة. أرسل صورة ثابتة واحدة.",
    ),
    Reason.PICTURE_BROKEN: (
        "The picture is damaged or incomplete. Take it again.",
        "الصورة تالفة أو غير مكتملة. التقطها مرة أخرى.",
    ),
    Reason.NO_FACE: (
        "No face was found. Look into the camera in good light.",
        "لم يُعثر على وجه. انظر إلى الكاميرا في إضاءة جيدة.",
    ),
    Reason.SEVERAL_FACES: (
        "More than one face is in the picture. Be alone in front of the camera.",
        "في الصورة أكثر من وجه. كن وحدك أمام الكاميرا.",
    ),
    Reason.FACE_TOO_SMALL: (
        "The face is too small. Come closer to the camera.",
        "الوجه صغير جدًا. اقترب من الكاميرا.",
    ),
    Reason.FACE_CUT_OFF: (
        "Part of the face is outside the picture. Move it to the middle.",
        "جزء من الوجه خارج الصورة. ضعه في الوسط.",
    ),
    Reason.FACE_TURNED: (
        "The face is turned away or tilted. Hold your head straight and look into the camera.",
        "الوجه ملتفت أو مائل. أبقِ رأسك مستقيمًا وانظر إلى الكاميرا.",
    ),
    Reason.FACE_TOO_DARK: (
        "The face is too dark. Turn towards the light.",
        "الوجه مظلم جدًا. اتجه نحو الضوء.",
    ),
    Reason.FACE_TOO_BRIGHT: (
        "The face is too bright. Step out of direct light.",
        "الوجه ساطع جدًا. ابتعد عن الضوء المباشر.",
    ),
    Reason.FACE_LOW_CONTRAST: (
        "The face can hardly be told from haze. Clean the lens and find even light.",
        "ملامح الوجه غير واضحة. نظّف العدسة واختر إضاءة متساوية.",
    ),
    Reason.FACE_TOO_BLURRED: (
        "The face is blurred. Hold still, clean the lens and take it again.",
        "الوجه غير واضح. اثبت ونظّف العدسة ثم التقط الصورة مرة أخرى.",
    ),
}


class PictureRefused(Exception):
    """The picture cannot be used. `reason` is stable; `facts` are numbers for the caller (limits and
    values)."""

    def __init__(self, reason: Reason, **facts: float | int | str) -> None:
        super().__init__(reason.value)
        self.reason, self.facts = reason, facts

    @property
    def advice(self) -> tuple[str, str]:
        """What to change, in English and in Arabic."""
        return ADVICE[self.reason]
