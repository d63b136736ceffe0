"""What is typed on the pages of coaching."""

from typing import Any
from uuid import uuid4


def decided(**changes: Any) -> dict[str, Any]:
    return {"decision": "advance", "next_text": "", "comment": "", "version": "0", **changes}


def session(**changes: Any) -> dict[str, Any]:
    return {
        "findings": "",
        "customer_commitment": "",
        "skill": "",
        "agreed": "Meet the CEO",
        "next_text": "",
        "next_on": "",
        "worth_pursuing": "yes",
        "request_key": str(uuid4()),
        "after": "0",
        **changes,
    }
