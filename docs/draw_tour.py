"""Draw docs/tour.svg, what each program of the tour says and does, from what it prints.

python3 run.py tour | python3 docs/draw_tour.py
"""

import re
import sys
from html import escape
from pathlib import Path
from textwrap import wrap

PICTURE = Path(__file__).with_name("tour.svg")
LANES = {"forwarder": (20, "#1769aa"), "operator": (450, "#b8560f"), "customs": (880, "#6b3fa0")}
WIDTH, LETTERS, LINE, HEAD = 1290, 56, 17, 52
SAID = re.compile(r"^ *(\w+) │ (.*)$", re.MULTILINE)
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1c2b3a } .lane { font-weight: 600; font-size: 15px }
  .told { fill: #7a8a99; font-size: 12px } line { stroke-width: 2 }
"""


def drawing(said: list[tuple[str, str]]) -> str:
    """Give the picture as SVG: a lane for each program, time downwards."""
    parts, y, before = [], HEAD + 8, ""
    for name, text in said:
        x, colour = LANES[name]
        y += 6 if name != before else 0
        before = name
        lines = wrap(text, LETTERS)
        told = ' class="told"' if text.startswith("receives") else ""
        parts.append(f'<circle cx="{x}" cy="{y + 9}" r="{2 if told else 4}" fill="{colour}"/>')
        for nth, line in enumerate(lines):
            parts.append(f'<text x="{x + 12}" y="{y + 13 + nth * LINE}"{told}>{escape(line)}</text>')
        y += len(lines) * LINE
    heads = [
        f'<text class="lane" x="{x - 4}" y="28" style="fill:{colour}">{name}</text>'
        f'<line x1="{x}" x2="{x}" y1="{HEAD}" y2="{y + 4}" stroke="{colour}" opacity=".3"/>'
        for name, (x, colour) in LANES.items()
    ]
    top = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 16}" role="img" aria-label="The tour">'
    ground = f'<rect width="{WIDTH}" height="{y + 16}" fill="#fff"/>'
    return "\n".join([top, f"<style>{STYLE}</style>", ground, *heads, *parts, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(drawing(SAID.findall(sys.stdin.read())))
