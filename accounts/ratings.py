"""How people write the rating of a factor: in words, signs or numbers. No Django here."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum

from accounts.names import key

STEP = 25


class Scale(StrEnum):
    """What the numbers of a file mean."""

    HUNDRED = "0-100"
    FIVE = "1-5"
    FIVE_DOWN = "5-1"
    FOUR = "0-4"
    TEN = "1-10"
    SIGNED = "-2-2"


_ENDS: Mapping[Scale, tuple[int, int]] = {
    Scale.HUNDRED: (0, 100),
    Scale.FIVE: (1, 5),
    Scale.FIVE_DOWN: (5, 1),
    Scale.FOUR: (0, 4),
    Scale.TEN: (1, 10),
    Scale.SIGNED: (-2, 2),
}
"""The number for poor and the number for good."""

_WORDS: Mapping[int, str] = {
    0: "poor, very poor, very bad, bad, very low, terrible, 差, 很差, 極差, 极差, 劣, 非常差",
    25: "weak, low, below average, fairly poor, rather poor, 偏差, 較差, 较差, 弱, 不佳, 稍差, 低",
    50: "fair, average, medium, neutral, ok, okay, so so, 普通, 一般, 中, 中等, 尚可, 平, 還好, 还好",
    75: "fairly good, rather good, above average, quite good, 偏好, 較好, 较好, 佳, 良, 不錯, 不错, 稍好",
    100: "good, very good, excellent, high, very high, great, strong, 好, 很好, 優, 优, 極佳, 极佳, 優秀, 优秀, "
    "強, 强, 非常好, 高",
}
_SIGNS: Mapping[str, int] = {"--": 0, "-": 25, "0": 50, "o": 50, "+-": 50, "±": 50, "=": 50, "+": 75, "++": 100}
_BY_WORD = {key(word): step for step, words in _WORDS.items() for word in words.split(",")}
_UNJUDGED = ("unknown", "n/a", "na", "none", "tbd", "not judged", "不知道", "不明", "未知", "未評", "未评", "無", "无")
_NOTHING = frozenset(key(word) for word in _UNJUDGED)
_MINUS = str.maketrans({"−": "-", "–": "-", "—": "-", "－": "-", "﹣": "-", "＋": "+", "﹢": "+"})
_NUMBER = re.compile(r"[+-]?\d{1,3}(?:[.,]\d{1,6})?")


class Unreadable(ValueError):
    """No rating: `kind` is `unknown_choice`, or `out_of_range` with the numbers that would do."""

    def __init__(self, kind: str, **detail: int) -> None:
        """Take why not."""
        super().__init__(kind)
        self.kind, self.detail = kind, detail


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(_MINUS)).translate(_MINUS).strip().replace(" ", "").lower()


def _number(plain: str) -> float | None:
    bare = plain.removesuffix("%").removesuffix("分").removesuffix("點").removesuffix("点")
    return float(bare.replace(",", ".")) if _NUMBER.fullmatch(bare) else None


def is_dash(text: str) -> bool:
    """Whether it is a single dash, which may stand for weak or for nothing."""
    return _plain(text) == "-"


def has_signs(texts: Iterable[str]) -> bool:
    """Whether ratings are written with signs: − −, +, ++."""
    return any(_plain(text) in {"--", "+", "++"} for text in texts)


def likely_scale(texts: Iterable[str]) -> Scale | None:
    """Return what the numbers among these most likely mean; None without any. Beside signs, 0 is the middle."""
    texts = set(texts)
    numbers = {number for text in texts if (number := _number(_plain(text))) is not None}
    if not numbers:
        return None
    if min(numbers) < 0 or (numbers == {0} and has_signs(texts)):
        return Scale.SIGNED
    if max(numbers) <= 5 and min(numbers) > 0:
        return Scale.FIVE
    if max(numbers) <= 4:
        return Scale.FOUR
    return Scale.TEN if max(numbers) <= 10 and min(numbers) > 0 else Scale.HUNDRED


def read(text: str, scale: Scale, *, dash: int | None = None) -> tuple[int | None, bool]:
    """Return the step that a rating means (None: not judged), and whether a number was rounded to it.

    :param dash: the step for a single dash, None where it stands for nothing.
    :raises Unreadable: it is no rating.
    """
    plain = _plain(text)
    if not plain or key(plain) in _NOTHING or plain in {"?", "/", "."}:
        return None, False
    if plain == "-":
        return dash, False
    if (number := _number(plain)) is not None and not (plain in _SIGNS and scale == Scale.SIGNED):
        return _step(number, scale)
    if plain in _SIGNS:
        return _SIGNS[plain], False
    if (step := _BY_WORD.get(key(plain))) is not None:
        return step, False
    raise Unreadable("unknown_choice")


def _step(number: float, scale: Scale) -> tuple[int, bool]:
    poor, good = _ENDS[scale]
    least, most = sorted((poor, good))
    if not least <= number <= most:
        raise Unreadable("out_of_range", least=least, most=most)
    share = 100 * (number - poor) / (good - poor)
    step = int(share / STEP + 0.5) * STEP
    return step, abs(step - share) > 0.001
