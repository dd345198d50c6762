"""A webhook is believed only if it was signed with one of the secrets, lately, and as it stands."""

import json
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from service import clock
from slotway_client import SignatureWrong, verify

OLD, NEW, OTHER = ("whsec_" + letter * 43 + "=" for letter in "ABC")
EVENT = {"id": "evt_1", "type": "booking.held", "data": {"current": {"remark": "Şymkent\u2028"}}}
BODY = json.dumps(EVENT, ensure_ascii=False).encode()


def signed(*secrets: str, at=timedelta(0), **changed: str) -> dict[str, str]:
    when = clock.now().replace(microsecond=0) + at
    signatures = [Webhook(each).sign("evt_1", when, BODY.decode()) for each in secrets]
    headers = {"Webhook-Id": "evt_1", "Webhook-Timestamp": str(int(when.timestamp()))}
    return {**headers, "Webhook-Signature": " ".join(signatures), **changed}


def test_what_one_of_the_secrets_has_signed_is_given():
    assert verify(NEW, signed(NEW), BODY) == EVENT
    assert verify(NEW, signed(OLD, NEW), BODY) == EVENT
    assert verify([OLD, NEW], signed(NEW), BODY) == EVENT
    assert verify((NEW,), {name.lower(): each for name, each in signed(NEW).items()}, BODY) == EVENT


@pytest.mark.parametrize(
    ("secrets", "headers", "body"),
    [
        ([NEW, OLD], signed(OTHER), BODY),
        ([], signed(NEW), BODY),
        (NEW, signed(NEW), BODY + b" "),
        (NEW, signed(NEW), b"\xff"),
        (NEW, signed(NEW), b""),
        (NEW, signed(NEW, at=timedelta(minutes=-6)), BODY),
        (NEW, signed(NEW, at=timedelta(hours=1)), BODY),
        (NEW, {}, BODY),
        (NEW, signed(NEW, **{"Webhook-Id": "evt_2"}), BODY),
        (NEW, signed(NEW, **{"Webhook-Timestamp": "nan"}), BODY),
        (NEW, signed(NEW, **{"Webhook-Signature": ""}), BODY),
        (NEW, signed(NEW, **{"Webhook-Signature": "v1"}), BODY),
        (NEW, signed(NEW, **{"Webhook-Signature": "v1,é"}), BODY),
        (NEW, signed(NEW, **{"Webhook-Signature": "v1,@"}), BODY),
        (NEW, signed(NEW, **{"Webhook-Signature": "v1,"}), BODY),
    ],
)
def test_anything_else_is_refused_and_never_breaks_the_receiver(secrets, headers, body):
    with pytest.raises(SignatureWrong):
        verify(secrets, headers, body)
