// The part that a step is in: what goes on in a folded one in a line or two, and the way into it, or out of an open one.

class PartPanel {
  constructor(engine, fold, walk) {
    Object.assign(this, { engine, fold, walk });
    this.section = document.getElementById("part");
  }

  show(position) {
    const { engine, fold } = this, { node, box, open } = this.walk.place(position);
    this.section.hidden = node === undefined || panel.opening || !(box || open);
    if (this.section.hidden) return;
    const button = (id, text, title, run) => make("button", { type: "button", class: "small", id, title, onclick: run }, text);
    const parts = [];
    if (box) {
      const outs = fold.summary.outs(box).length;
      const first = this.walk.start(position), steps = position - first + 1;
      parts.push(make("p", {}, make("b", {}, fold.titleOf(box)), ` is folded: ${steps} of its steps are taken at once. ${outs === 1 ? "One number comes" : `${outs} numbers come`} out of it.`));
      parts.push(button("into", "step into it ↓", "Open the part and go to its first step (down arrow)", () => this.into(position)));
    }
    if (open) parts.push(button("out", `fold ${open} ↑`, "Fold the part around this step and go on behind it (up arrow)", () => this.out(position)));
    this.section.replaceChildren(...(box ? [parts.shift()] : []), make("div", { class: "buttons" }, ...parts));
  }

  // Open the folded part that a step is in, and go to the first of its steps.
  into(position) {
    const { node, box } = this.walk.place(position);
    if (!box) return;
    const first = this.walk.start(position);
    openBox(box, node);
    player.go(this.walk.stops(first) ? first : this.walk.next(first, 1));
  }

  // Fold the part around a step, and go to where it is over.
  out(position) {
    const { open } = this.walk.place(position);
    if (!open) return;
    closePart(open);
    player.go(this.walk.stops(position) ? position : this.walk.next(position, 1));
  }
}
