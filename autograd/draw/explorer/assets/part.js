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
    const said = [], parts = [];
    if (box) {
      const title = fold.titleOf(box), outs = fold.summary.outs(box).length, first = this.walk.start(position);
      if (this.walk.about(position).endsWith(` ${box.key}`)) {
        const steps = position - first + 1, taken = steps > 1 ? `: ${steps} steps inside it are taken as one, the last of them is above` : "";
        said.push(make("p", {}, make("b", {}, title), ` is folded${taken}. ${counted(outs, "number")} ${outs === 1 ? "comes" : "come"} out of it.`));
      }
      parts.push(button("into", `step into ${title} ↓`, "Open the part and go to its first step (down arrow)", () => this.into(position)));
    }
    if (open) parts.push(button("out", `fold ${open} ↑`, "Fold the part around this step and go on behind it (up arrow)", () => this.out(position)));
    this.section.replaceChildren(...said, make("div", { class: "buttons" }, ...parts));
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
