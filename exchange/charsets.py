"""Which character encoding a text file is written in.

UTF-8 and UTF-16 prove themselves. Big5 (Taiwan, Hong Kong) and GB18030 (mainland China) use the
same bytes for different characters, so each candidate is decoded and the text that reads more
like Chinese wins. A file of plain ASCII is UTF-8.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from exchange.problems import Code, Refused

CHUNK_BYTES = 1 << 20
SAMPLE_BYTES = 128 * 1024

UTF8 = "utf-8"
UTF8_SIGNED = "utf-8-sig"
ENCODINGS = (
    UTF8, UTF8_SIGNED, "utf-16", "utf-16-le", "utf-16-be", "cp950", "big5hkscs", "gb18030",
    "cp1252",
)  # fmt: skip

_MARKS = (
    (codecs.BOM_UTF8, UTF8_SIGNED),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Characters that lists of customers, people, products and sales are made of, in both scripts,
# besides the commonest ones of any Chinese text.
_FAMILIAR = frozenset(
    "的一是在不了有和人這这中大為为上個个國国我以要他時时來来用們们生到作地於于出就分對对成會会可主發发"
    "年動动同工也能下過过子說说產产種种面而方後后多定行學学法所民得經经十三之進进著等部度家電电力裡里如水"
    "化高自二理起小物現现實实加量都兩两體体制機机當当使點点從从業业本去把性好應应開开它合還还因由其些然前"
    "外天政四日那社義义事平形相全表間间樣样與与關关各重新線线內内數数正心反你明看原又麼么利比或但質质氣气"
    "第向道命此變变條条只沒没結结解問问意建月公無无系軍军很情者最立代想已通並并提直題题黨党程展五果料象員"
    "员革位入常文總总次品式活設设及管特件長长求老頭头基資资邊边流路級级少圖图山統统接知較较將将組组見见計"
    "计別别她手角期根論论運运農农指幾几九區区強强放決决西被幹干做必戰战先回則则任取據据處处隊队南給给色光"
    "門门即保治北造百規规熱热領领七海口東东導导器壓压志世金增爭争濟济階阶油思術术極极交受聯联什認认六共權"
    "权收證证改清己美再採采轉转更單单風风切打白教速花帶带安場场身車车例真務务具萬万每目至達达走積积示議议"
    "聲声報报鬥斗完類类八離离華华名確确才科張张信馬马節节話话米整空元況况今集溫温傳传土許许步群廣广石記记"
    "需段研界拉林律叫且究觀观越織织裝装影算低持音眾众書书布复容兒儿須须際际商非驗验連连斷断深難难近礦矿千"
    "週周委素技備备半辦办青省列習习響响約约支般史感勞劳便團团往酸歷历市克何除消構构府稱称太準准精值號号率"
    "族維维劃划選选標标寫写存候毛親亲快效斯院查江型眼王按格養养易置派層层片始卻却專专狀状育廠厂京識识適适"
    "屬属圓圆包火住調调滿满縣县局照參参紅红細细引聽听該该鐵铁價价嚴严首底液官德調調隨随蘇苏失爾尔死講讲配"
    "客戶户名稱称公司企股份限有聯絡络系電話手郵邮箱件地址縣城市區街號樓室職职稱務部門負責责人業務銷销售商機"
    "金額额單單價预預計计成交日期狀態态阶段類別产品編编碼码備註注說明來源渠道競竞爭對手贏赢輸输丟丢單失敗败"
    "王李張刘劉陳陈楊杨趙赵黃黄周吳吴徐孫孙胡朱高林何郭馬罗羅梁宋鄭郑謝谢韓韩唐馮冯于董蕭萧程曹袁鄧邓許傅"
    "沈曾彭呂吕蘇盧卢蔣蒋蔡賈贾丁魏薛葉叶閻阎余潘杜戴夏鍾钟汪田任姜范方石姚譚谭廖鄒邹熊金陸陆郝孔白崔康毛"
    "邱秦江史顧顾侯邵孟龍龙萬段雷錢钱湯汤尹黎易常武喬乔賀贺賴赖龔龚文志偉伟芳娜秀英敏靜静麗丽強磊軍洋勇艷艳"
    "傑杰娟濤涛明超霞平剛刚桂玉蘭兰鳳凤梅雅婷怡君家豪淑美惠雪宗翰冠宇俊宏建國榮荣華信義仁德福祥瑞豐丰盛泰昌"
    "台臺北中南高雄桃園园竹基隆嘉彰化屏投雲云林花蓮莲東宜新上海深圳廣州杭蘇武漢汉成都重慶庆西安津青島岛大連"
    "寧宁波廈厦福無錫锡佛莞長沙鄭港澳門際際科技電子資訊讯精密機械工業實實興兴貿贸易生醫医療疗藥药材料光能源"
    "控股集團紡纺織食品飲饮料物流運輸軟软體網网絡路通訊半導體晶圓封測测鋼钢鐵塑膠胶化學建築筑設營营造顧問諮"
    "鑫鼎晟亨旺恆恒咨詢询廣告媒金融銀银行保險险證券投顧租賃赁餐旅館馆飯饭店百貨货零售超商學校醫院政府機關研究協协基會"
)


@dataclass(frozen=True, slots=True)
class Charset:
    """An encoding as Python names it, how undecodable bytes are kept, and whether it was a guess.

    With ``errors`` "surrogateescape" a byte that does not decode becomes a lone surrogate, so that
    the one cell it stands in can be refused and not the whole file.
    """

    encoding: str
    errors: str = "strict"
    guessed: bool = False


def detect_charset(file: BinaryIO) -> Charset:
    """The encoding of ``file``, read from its beginning to its end in bounded memory.

    Raises `Refused` (``unknown_encoding``) when nothing fits.
    """
    file.seek(0)
    head = file.read(4096)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            if encoding == "utf-32":
                raise Refused(Code.UNKNOWN_ENCODING)
            return Charset(encoding, "surrogateescape" if encoding == UTF8_SIGNED else "strict")
    if unsigned := _utf16_without_mark(head):
        return Charset(unsigned, "strict", guessed=True)

    file.seek(0)
    if _decodes(file, UTF8):
        return Charset(UTF8)
    file.seek(0)
    return _most_plausible(_lines_with_high_bytes(file))


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 written without its mark has a zero byte beside most delimiters and digits."""
    if len(head) < 8:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.2 and even < half * 0.02:
        return "utf-16-le"
    if even > half * 0.2 and odd < half * 0.02:
        return "utf-16-be"
    return None


def _decodes(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _lines_with_high_bytes(file: BinaryIO) -> bytes:
    """Up to `SAMPLE_BYTES` of the lines that are not plain ASCII."""
    kept: list[bytes] = []
    size = 0
    for line in _lines(file):
        if not line.isascii():
            kept.append(line)
            size += len(line)
            if size >= SAMPLE_BYTES:
                break
    return b"".join(kept)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(SAMPLE_BYTES):
        yield line


def _most_plausible(sample: bytes) -> Charset:
    best, best_score = None, float("-inf")
    for encoding, score_of in (
        (UTF8, _score_chinese),
        ("cp950", _score_chinese),
        ("big5hkscs", _score_chinese),
        ("gb18030", _score_chinese),
        ("cp1252", _score_latin),
    ):
        text = sample.decode(encoding, "surrogateescape")
        score = score_of(text)
        if score > best_score:
            best, best_score = encoding, score
    if best is None or best_score < -1:
        raise Refused(Code.UNKNOWN_ENCODING)
    return Charset(best, "surrogateescape", guessed=True)


def _score_chinese(text: str) -> float:
    """Mean likelihood of the characters outside ASCII, from -8 (undecodable) to 3 (familiar)."""
    total = count = 0.0
    for character in text:
        if character < "\x80":
            continue
        count += 1
        total += _weight(character)
    return total / count if count else 0.0


def _weight(character: str) -> float:
    if character in _FAMILIAR:
        return 3.0
    point = ord(character)
    if 0xDC80 <= point <= 0xDCFF:
        return -8.0
    if 0x4E00 <= point <= 0x9FFF:
        return 0.6 if _in_everyday_set(character) else -1.0
    if 0x3000 <= point <= 0x303F or 0xFF00 <= point <= 0xFF5E:
        return 1.0
    if 0x3400 <= point <= 0x4DBF or 0xE000 <= point <= 0xF8FF or point >= 0x10000:
        return -3.0
    return -0.5 if unicodedata.category(character)[0] in "PSN" else -1.5


def _in_everyday_set(character: str) -> bool:
    """Level one of Big5 (5,401 characters) or of GB 2312 (3,755): what people really write."""
    for encoding, low, high in (("big5", 0xA440, 0xC67E), ("gb2312", 0xB0A1, 0xD7F9)):
        try:
            code = int.from_bytes(character.encode(encoding), "big")
        except UnicodeEncodeError:
            continue
        if low <= code <= high:
            return True
    return False


def _score_latin(text: str) -> float:
    """Western text has single accented letters inside words of plain ones."""
    total = count = 0.0
    padded = f" {text} "
    for before, character, after in zip(padded, padded[1:], padded[2:], strict=False):
        if character < "\x80":
            continue
        count += 1
        alone = before < "\x80" and after < "\x80"
        if 0xDC80 <= ord(character) <= 0xDCFF:
            total -= 8
        elif character.isalpha():
            total += 1.5 if alone and (before.isalpha() or after.isalpha()) else -2
        else:
            total += 0.5 if alone else -2
    return total / count if count else 0.0
