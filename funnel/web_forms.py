"""What a web form on the organization's own site sends, and how we know that it did. No Django here."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts import names
from tenants.errors import Refused

TOLERANCE = 300
"""Seconds that the clock of a signed message may differ from ours."""
A_MINUTE, A_DAY = 30, 1_000
"""Enquiries that one form may bring."""
LONGEST_BODY = 16_384
LIMITS: Mapping[str, int] = {
    "company": 200,
    "person": 120,
    "position": 120,
    "phone": 40,
    "email": 254,
    "industry": 80,
    "region": 80,
    "message": 2_000,
}
"""The fields a form may send, and how many characters each may have."""

_KEY = re.compile(r"([0-9a-z]{1,13})-([A-Za-z0-9_-]{22})", re.ASCII)
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_SECOND = re.compile(r"[0-9]{1,12}", re.ASCII)


def public_key(organization: int, token: str) -> str:
    """Return the key in the address of a form: whose it is, and a token nobody guesses."""
    return f"{_base36(organization)}-{token}"


def split_key(key: str) -> tuple[int, str] | None:
    """Return (organization id, token) of a key; None for what cannot be one."""
    found = _KEY.fullmatch(key)
    if found is None or int(found[1], 36) >= 2**63:
        return None
    return int(found[1], 36), found[2]


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text or "0"


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA256, in hex, over the timestamp, a full stop and the body."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def check_signature(secrets: Iterable[str], *, timestamp: str, signature: str, body: bytes, now: int) -> None:
    """Check that a message was signed with one of the secrets, and lately. Times are Unix seconds.

    :raises Refused: `signature_missing`, `signature_wrong`, `timestamp_old`.
    """
    if not timestamp or not signature:
        raise Refused("signature_missing")
    given = signature.strip().lower().encode()
    if not any(hmac.compare_digest(sign(secret, timestamp, body).encode(), given) for secret in secrets):
        raise Refused("signature_wrong")
    if not _SECOND.fullmatch(timestamp) or abs(now - int(timestamp)) > TOLERANCE:
        raise Refused("timestamp_old", tolerance=TOLERANCE)


def digest(timestamp: str, body: bytes) -> str:
    """Return what tells one message from another: the same message twice has the same."""
    return hashlib.sha256(timestamp.encode() + b"." + body).hexdigest()


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What someone typed into the form; '' is not given."""

    company: str
    person: str = ""
    position: str = ""
    phone: str = ""
    email: str = ""
    industry: str = ""
    region: str = ""
    message: str = ""


def read(body: bytes) -> Enquiry:
    """Read the body of a message: one JSON object of strings.

    :raises Refused: `too_large`, `not_json`, or `fields_wrong` with `fields`, from the name of a field to what is
        wrong with it: `unknown_field`, `not_text`, `too_long`, `unreadable`, `required`, `not_an_address`.
    """
    if len(body) > LONGEST_BODY:
        raise Refused("too_large", limit=LONGEST_BODY)
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused("not_json") from error
    if not isinstance(data, dict):
        raise Refused("not_json")
    wrong = {str(name)[:80]: code for name, value in data.items() if (code := _wrong(name, value))}
    texts = {name: _tidy(name, data.get(name) or "") for name in LIMITS if name not in wrong}
    if not {"company", "person"} & set(wrong) and not (texts["company"] or texts["person"]):
        wrong["company"] = "required"
    if not {"phone", "email"} & set(wrong) and not (texts["phone"] or texts["email"]):
        wrong["email"] = "required"
    if texts.get("email") and not _EMAIL.fullmatch(texts["email"]):
        wrong["email"] = "not_an_address"
    if wrong:
        raise Refused("fields_wrong", fields=wrong)
    return Enquiry(**{**texts, "company": texts["company"] or texts["person"]})


def _wrong(name: str, value: object) -> str:
    """Return what is wrong with one field, or ''."""
    if name not in LIMITS:
        return "unknown_field"
    if value is None:
        return ""
    if not isinstance(value, str):
        return "not_text"
    if len(value) > LIMITS[name]:
        return "too_long"
    lines = "".join(c for c in value if c not in "\r\n\t") if name == "message" else value
    return "unreadable" if names.is_odd(lines) or any("\ud800" <= c <= "\udfff" for c in value) else ""


def _tidy(name: str, value: str) -> str:
    text = value.strip() if name == "message" else names.tidy(value)
    return "" if names.is_blank(text) else text
