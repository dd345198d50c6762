"""The lines of the client's own README run as they stand, against a real service."""

import json
import os
import re
import subprocess
import sys

from standardwebhooks import Webhook

from service import clock
from tests.docs.walking import ROOT

README = ROOT / "clients" / "python" / "README.md"
SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM="
RECEIVED = """
import sys
headers, body = sys.argv[1:]
assert receive(json.loads(headers), body.encode()) == 204
assert receive(json.loads(headers), body.encode() + b" ") == 401
"""


def test_what_the_readme_of_the_client_tells_to_write_works(address, keys):
    lines = "\n".join(re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE))
    assert lines.count("\n") > 50
    body = json.dumps({"id": "evt_1", "type": "booking.held"})
    signature = Webhook(SECRET).sign("evt_1", at := clock.now().replace(microsecond=0), body)
    headers = {"webhook-id": "evt_1", "webhook-timestamp": f"{at.timestamp():.0f}", "webhook-signature": signature}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import json\n{lines}\n{RECEIVED}", json.dumps(headers), body],
        env={
            **os.environ,
            "PYTHONPATH": str(README.parent / "src"),
            "SLOTWAY_URL": address,
            "SLOTWAY_KEY": keys["forwarder"],
            "SLOTWAY_OPERATOR_KEY": keys["operator_pkgwd"],
            "SLOTWAY_CUSTOMS_KEY": keys["customs"],
            "SLOTWAY_WEBHOOK_SECRET": SECRET,
            "NO_PROXY": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
