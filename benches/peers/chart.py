"""The times as bars: one picture for light and dark pages."""

from html import escape

from peer import SCENES

WIDTH = 900
LEFT = 170
BAR = 14
GAP = 12
LINE = 34
# The longest bar of a scene.
MOST = 620

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.head { font-weight: 600; font-size: 15px }
.faint { fill: #57606a }
.yore { fill: #1f6feb } .other { fill: #9aa4af } .floor { fill: #57ab5a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .faint { fill: #9da7b3 }
  .yore { fill: #58a6ff } .other { fill: #6e7781 } .floor { fill: #3fb950 }
}
"""


class Picture:
    """Grows downwards."""

    def __init__(self):
        self.parts = []
        self.y = 10

    def text(self, x, words, kind=""):
        self.parts.append(f'<text x="{x}" y="{self.y + BAR - 3}" class="{kind}">{escape(words)}</text>')

    def bar(self, kind, length):
        self.parts.append(
            f'<rect x="{LEFT}" y="{self.y}" width="{max(length, 1):.1f}" height="{BAR}" rx="2" class="{kind}"/>'
        )

    def written(self):
        """The whole file."""
        size = f'viewBox="0 0 {WIDTH} {self.y + 10}" width="{WIDTH}" height="{self.y + 10}"'
        body = "\n".join(self.parts)
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n<style>{STYLE}</style>\n{body}\n</svg>\n'


def write_chart(figures, order, path):
    """A block for each place and scene, a bar for each peer; of the drives only ext4, or it would be endless."""
    picture = Picture()
    places = [place for place in figures.places() if place.drive == "ext4" and not place.tree.startswith("image")]
    for place in places or figures.places():
        picture.text(10, f"{place.title()}: seconds", "head")
        picture.y += LINE
        for scene in SCENES:
            block(picture, figures, place, scene, figures.peers(place, order))
    path.write_text(picture.written(), encoding="utf-8")


def block(picture, figures, place, scene, peers):
    """The bars of a scene, the longest as long as there is room."""
    known = [(peer, figures.median(place, scene, peer)) for peer in peers]
    known = [(peer, seconds) for peer, seconds in known if seconds is not None]
    if not known:
        return
    longest = max(seconds for _, seconds in known) or 1
    picture.text(10, scene, "head")
    picture.y += BAR + 6
    for peer, seconds in known:
        length = MOST * seconds / longest
        picture.text(30, peer)
        picture.bar(peer if peer in ["yore", "floor"] else "other", length)
        picture.text(round(LEFT + length + 8), f"{seconds:.2f}", "faint")
        picture.y += BAR + 4
    picture.y += GAP
